"""Accumulation against the big batch, and the claims of its page."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.training.accumulation import equal, lengths, memory
from snippets.training.accumulation.accumulate import accumulate
from snippets.training.accumulation.windows import windows

few = settings(max_examples=25, deadline=None)


def add(z, y):
    return F.cross_entropy(z, y, reduction="sum")


def gradients(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


@few
@given(st.lists(st.integers(1, 5), min_size=1, max_size=6), st.integers(0, 99))
def test_any_split_is_the_mean_over_the_batch(sizes, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()
    n = sum(sizes)
    x, y = torch.randn(n, 4).double(), torch.randint(3, (n,))
    y[torch.rand(n) < 0.3] = -100
    y[0] = 1
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    whole = gradients(model)
    model.zero_grad()
    parts = list(zip(x.split(sizes), y.split(sizes), strict=True))
    ours = accumulate(model, add, parts)
    torch.testing.assert_close(gradients(model), whole, rtol=1e-12, atol=1e-15)
    torch.testing.assert_close(ours, loss.detach(), rtol=1e-12, atol=0)
    assert not ours.requires_grad


def test_class_weights_and_regression():
    torch.manual_seed(0)
    model = nn.Linear(4, 3).double()
    x, y = torch.randn(10, 4).double(), torch.randint(3, (10,))
    w = torch.tensor([1.0, 5.0, 20.0]).double()
    parts = list(zip(x.split([7, 3]), y.split([7, 3]), strict=True))
    F.cross_entropy(model(x), y, w).backward()
    whole = gradients(model)
    model.zero_grad()
    accumulate(
        *(model, lambda z, y: F.cross_entropy(z, y, w, reduction="sum"), parts),
        divisor=lambda y: w[y].sum(),
    )
    torch.testing.assert_close(gradients(model), whole, rtol=1e-12, atol=1e-15)

    target = torch.randn(10, 3).double()
    parts = list(zip(x.split([9, 1]), target.split([9, 1]), strict=True))
    model.zero_grad()
    F.mse_loss(model(x), target).backward()
    whole = gradients(model)
    model.zero_grad()
    accumulate(model, lambda z, y: F.mse_loss(z, y, reduction="sum"), parts)
    torch.testing.assert_close(gradients(model), whole, rtol=1e-12, atol=1e-15)


def test_gradients_are_added_and_graphs_freed():
    model = nn.Linear(2, 2)
    part = (torch.ones(3, 2), torch.tensor([0, 1, 1]))
    accumulate(model, add, [part])
    once = gradients(model)
    accumulate(model, add, [part])
    torch.testing.assert_close(gradients(model), 2 * once)


def test_errors():
    model, x = nn.Linear(2, 2), torch.ones(3, 2)
    with pytest.raises(ValueError, match="must hold a target to count, got 0"):
        accumulate(model, add, [])
    part = (x, torch.tensor([0, 1, 1]))
    with pytest.raises(ValueError, match=r"return a scalar, got shape \(3,\)"):
        none = lambda z, y: F.cross_entropy(z, y, reduction="none")  # noqa: E731
        accumulate(model, none, [part])
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        list(windows([1], 0))


@few
@given(st.integers(0, 30), st.integers(1, 9))
def test_windows(n, size):
    found = list(windows(iter(range(n)), size))
    assert [*itertools.chain(*found)] == list(range(n))
    assert len(found) == math.ceil(n / size)
    assert all(len(w) == size for w in found[:-1])


def test_windows_reads_no_further_than_it_yields():
    source = iter(range(10))
    next(windows(source, 3))
    assert next(source) == 3


# What the tables, the figure and the text say


def test_what_is_exact():
    rows = [line.split("|")[1:4] for line in equal.table().splitlines()[2:]]
    found = {name.strip(): (float(a), float(b)) for name, a, b in rows}
    assert len(found) == 8
    for name in ("plain mean, equal sizes", "LayerNorm"):
        assert found[name] == (0, 0)
    for name in ("sizes 20, 20, 20, 4", "tokens, sorted by length"):
        assert found[name][0] > 0.3 and found[name][1] == 0
    assert found["class weights 1 to 10"][0] > 0.03
    assert found["class weights 1 to 10"][1] == 0
    assert found["BatchNorm"] == (0.31, 0.31)
    assert found["dropout 0.5"][1] > 0.3 and found["InfoNCE"][1] > 0.02


def test_lengths():
    found = {
        (s, t): lengths._errors(s, t).mean(0) for s in lengths.SCHEMES for t in (0, 1)
    }
    for trained in (0, 1):
        assert found["equal lengths", trained].max() < 1e-6
        mixed, ordered = (found[s, trained] for s in lengths.SCHEMES[1:])
        assert mixed[0] < 1e-6 and (mixed.diff() > 0).all()
        assert (ordered[1:] > 2 * mixed[1:]).all()
    assert found["shuffled", 1][-1].item() == pytest.approx(0.29, abs=0.02)
    assert found["sorted by length", 1][1].item() == pytest.approx(0.50, abs=0.02)
    assert found["sorted by length", 1][-1].item() == pytest.approx(0.79, abs=0.02)
    assert found["sorted by length", 0].max() < 0.08
    ratio = found["sorted by length", 1][1:] / found["sorted by length", 0][1:]
    assert ratio.min() > 9 and ratio.max() < 12


def test_per_sequence_gradients_are_those_of_one_table():
    n = torch.tensor([4, 64, 20, 7] * 16)
    grad, count = lengths._gradients(n, 3, True)
    again, _ = lengths._gradients(n, 3, True)
    assert torch.equal(grad, again) and torch.equal(count, n.double())
    # each token's gradient over the vocabulary sums to 0
    assert grad.view(64, 12, 12).sum(2).abs().max() < 1e-4
    assert grad[1].norm() > grad[0].norm()


def test_memory():
    rows = [line.split("|") for line in memory.table().splitlines()[2:]]
    saved = [int(r[2].split()[0]) for r in rows]
    assert saved == [588, 147, 37]
    # inputs, two activations, log-probabilities; target and total weight
    assert saved[0] == round((256 * (64 + 256 + 256 + 10) * 4 + 256 * 8 + 4) / 1024)
    assert {r[3].strip() for r in rows} == {"332 KiB"}


def test_bfloat16_gradients_by_count():
    torch.manual_seed(0)
    found = {}
    for k in (4, 64, 256):
        weight = nn.Parameter(torch.zeros(20000, dtype=torch.bfloat16))
        addends = torch.randn(k, 20000) / k
        for a in addends:
            (weight * a.bfloat16()).sum().backward()
        exact = addends.sum(0)
        found[k] = ((weight.grad.float() - exact).norm() / exact.norm()).item()
    assert found[4] == pytest.approx(0.003, abs=0.0005)
    assert found[64] == pytest.approx(0.010, abs=0.001)
    assert found[256] == pytest.approx(0.019, abs=0.0015)


def test_sgd_takes_float32_gradients_of_bfloat16_weights():
    weight = nn.Parameter(torch.ones(2, dtype=torch.bfloat16))
    weight.grad_dtype = torch.float32
    weight.sum().backward()
    sgd = torch.optim.SGD([weight], lr=0.5, momentum=0.9)
    sgd.step()
    assert weight.tolist() == [0.5, 0.5]
    assert sgd.state[weight]["momentum_buffer"].dtype == torch.float32


def test_clipping_that_acts_sometimes_is_no_constant_factor():
    def run(factor):
        torch.manual_seed(0)
        weight = nn.Parameter(torch.zeros(3))
        adam = torch.optim.Adam([weight], lr=0.1)
        for _ in range(20):
            weight.grad = factor * torch.randn(3)
            nn.utils.clip_grad_norm_([weight], 4.0)
            adam.step()
        return weight.detach()

    assert (run(2) - run(1)).abs().max() > 0.02
    assert (run(0.02) - run(0.01)).abs().max() < 1e-4


def test_momentum_that_keeps_the_pace_of_running_statistics():
    x = 3 + torch.randn(64, 2)
    slow, fast = nn.BatchNorm1d(2), nn.BatchNorm1d(2, momentum=1 - 0.9**0.25)
    slow(x)
    for part in x[:16].repeat(4, 1).chunk(4):
        fast(part)
    ratio = fast.running_mean / x[:16].mean(0)
    torch.testing.assert_close(ratio, slow.running_mean / x.mean(0))
