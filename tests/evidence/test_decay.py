"""The claims of the page on weight decay that its findings do not carry."""

import pytest
import torch

from snippets.evidence.decay import biases_and_norms, usual_decay
from snippets.evidence.method.digits import digits
from snippets.evidence.method.stack import Stack
from tests.evidence.stored import stored


@pytest.mark.parametrize("run", range(2))
def test_sparing_biases_too_adds_nothing_and_the_best_decay_moves(run):
    scores = stored(biases_and_norms)[run]
    best = [
        biases_and_norms.DECAYS[scores[f"{name} validation"][1].mean(1).argmin()]
        for name in biases_and_norms.SPARED
    ]
    assert best == [0.3, 1.0, 1.0]
    change = biases_and_norms._change(scores).mean(2)
    assert change[0, :3].abs().max() < 0.02  # lr 0.01, up to 0.3
    assert change[1, 3] < -0.05
    saved = biases_and_norms._change(scores, "norms").mean(2)[:, -1]
    assert ((saved - change[:, -1]).abs() < 0.05).all()


@pytest.mark.parametrize("run", range(2))
def test_usual_decays_do_little_and_tuned_ones_much(run):
    scores = stored(usual_decay)[run]
    for name in usual_decay.DECAYS:
        few = usual_decay._change(scores, name, 1, 1).mean()
        usual = usual_decay._change(scores, name, 2, 1).mean()
        best = usual_decay._best(scores, name, 2)
        tuned = usual_decay._change(scores, name, 2, best).mean()
        assert abs(few) < 0.02
        assert usual > tuned / 4  # less than a quarter of what the tuned one gives
        assert tuned < -0.1
        assert best == 3


def test_the_products_and_numbers_of_the_verdict():
    scores = stored(usual_decay)[0]
    product, share = usual_decay._shrunk(scores)
    assert product[2, 1, 0].item() == pytest.approx(0.1, abs=0.01)
    assert product[2, 1, 2].item() == pytest.approx(1.5, abs=0.05)
    assert ((product / 0.384 - 1).abs() < 0.01).sum() == 5
    assert share.mean(3).min() < 0.002 and share.mean(3).max() > 0.6
    changes = {
        name: [
            round(usual_decay._change(scores, name, 2, d).mean().item(), 2)
            for d in (1, 3)
        ]
        for name in usual_decay.DECAYS
    }
    assert changes["SGD"] == [-0.12, -0.75]
    assert changes["AdamW"] == [-0.03, -0.20]


@pytest.mark.parametrize(
    ("parts", "spared"),
    [
        ([], []),
        (["1."], ["1.weight", "1.bias"]),
        (["1.", "bias"], ["0.bias", "1.weight", "1.bias", "3.bias"]),
    ],
)
def test_only_what_is_meant_to_be_spared_has_no_decay(parts, spared):
    settings = [{"lr": 0.1, "weight_decay": 0.5}, {"lr": 0.2, "weight_decay": 0.7}]
    model = Stack(biases_and_norms._build, range(2), settings)
    groups = biases_and_norms._groups(model, parts)
    for weights, setting in zip(model.weights, settings, strict=True):
        decay = {
            id(p): (group["lr"], group["weight_decay"])
            for group in groups
            for p in group["params"]
        }
        for name, parameter in zip(model.names, weights, strict=True):
            want = 0.0 if name in spared else setting["weight_decay"]
            assert decay[id(parameter)] == (setting["lr"], want)
    assert sum(len(group["params"]) for group in groups) == 2 * len(model.names)


def test_the_norm_is_that_of_all_weights_of_one_network():
    model = Stack(lambda: torch.nn.Linear(3, 2), range(4), [{}, {}])
    with torch.no_grad():
        model.weights[1][0].mul_(2)
    w, b = (p[2] for p in model.weights[1])
    alone = torch.cat([w.flatten(), b]).norm()
    assert usual_decay._norm(model)[1, 2] == pytest.approx(alone.item())


@pytest.mark.parametrize("module", [biases_and_norms, usual_decay])
def test_runs_and_parts_share_no_sample(module, monkeypatch):
    seen = []

    def watched(seeds, **sizes):
        seen.append((list(seeds), sizes))
        raise StopIteration

    monkeypatch.setattr(module, "digits", watched)
    for run in range(2):
        with pytest.raises(StopIteration):
            module.experiment(run)
    (first, sizes), (second, _) = seen
    assert len(set(first)) == len(first) == module.SEEDS
    assert not set(first) & set(second)
    parts = digits(first[:1], **sizes)
    assert sum(len(x[0]) for x, _ in parts) == 1797
