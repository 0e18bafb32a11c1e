"""The claims of the page on several losses that its findings do not carry."""

import pytest
import torch

from snippets.evidence.method.stack import Stack
from snippets.evidence.multitask import learned_weights as page
from tests.evidence.stored import stored


@pytest.mark.parametrize("run", range(2))
def test_errors_and_weights(run):
    scores = stored(page)[run]
    equal, variance, zero, started, bare = (scores[w].mean(1) for w in page.WAYS)
    assert equal[0] > 2 * zero[0] > 2 * started[0]
    assert (bare > 1).all() and bare[0] > 500
    assert abs(started.mean() - variance.mean()) < 0.03
    small, large = scores["few, s"].mean(2).T
    assert small[0] > 2 and large[0] > 2
    assert small[-1] < 0 and large[-1] < -4


@pytest.mark.parametrize("way", page.WAYS)
def test_the_loss_that_is_trained_is_the_one_named(way, monkeypatch):
    """Taken at the first step, of a network whose s is 0.5 and -0.2."""
    taken = {}

    def train(model, optimizer, loss, batches, factor, watch):
        if way == "exp(-s), started":  # s starts at the logarithm of the variance
            taken["start"] = page._s(model)[0].clone()
        taken["loss"], taken["batch"] = loss, next(iter(batches))
        taken["factors"] = factor(0), factor(page.STEPS)

    monkeypatch.setattr(page, "train", train)
    page._fit(0, way, [40, 1, 1], 4, [0.01])
    x, y, variance = taken["batch"]
    s = torch.tensor([0.5, -0.2])
    errors = y[0].square().mean(0)
    want = {
        "equal": errors,
        "variance": errors / variance[0],
        "bare": (1 + s) * errors,
    }.get(way, errors / s.exp() + s)

    def net(x):
        return torch.zeros(len(x), 2), s

    got = taken["loss"](net, x[0], y[0], variance[0])
    assert got.item() == pytest.approx(want.sum().item(), rel=1e-5)
    assert taken["factors"] == (1.0, 0.0)
    if "start" in taken:
        assert torch.allclose(taken["start"], variance.log())


def test_s_is_learned_with_the_network_and_runs_differ():
    model = Stack(lambda: page._Net(4), range(2), [{"lr": 0.1}])
    assert page._s(model).shape == (1, 2, 2)
    held = {id(p) for group in model.groups() for p in group["params"]}
    assert id(model.weights[0][model.names.index("s")]) in held
    (first, *_), (other, *_) = (page._data(run, [50, 50, 50]) for run in range(2))
    assert not torch.isclose(first[0], other[0]).any(dim=2).all()
    ratio = first[1].std(1) / first[1].std(1)[:, :1]
    assert ratio.mean(0)[1] == pytest.approx(30, rel=0.2)
