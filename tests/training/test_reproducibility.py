"""Seeds, the check of two runs, stacked networks, and the claims of the page."""

import copy
import random

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional as F

from snippets.training.reproducibility import spread
from snippets.training.reproducibility.same_run import same_run
from snippets.training.reproducibility.seed_everything import seed_everything
from snippets.training.reproducibility.seeds_needed import seeds_needed
from snippets.training.reproducibility.stacked_mlp import StackedMLP


def test_seed_everything_seeds_each_generator():
    def numbers(seed):
        own = seed_everything(seed)
        drawn = random.random(), np.random.rand(), torch.rand(1).item()
        return *drawn, torch.rand(1, generator=own).item()

    first, other = numbers(0), numbers(1)
    assert numbers(0) == first
    assert all(a != b for a, b in zip(first, other, strict=True))
    own = seed_everything(5)
    torch.rand(100)
    order = torch.randperm(20, generator=own)
    assert torch.equal(order, torch.randperm(20, generator=seed_everything(5)))


def test_seed_everything_refuses():
    seed_everything(2**32 - 1)
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match="seed must be from 0 to 4294967295, got"):
            seed_everything(seed)


def train(seed_first=True):
    if seed_first:
        torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 2))
    torch.manual_seed(0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.randn(8, 4)).square().mean().backward()
        optimizer.step()
    return model.state_dict()


def test_same_run_finds_a_late_seed_every_time():
    assert same_run(train) == []
    for _ in range(2):
        names = same_run(lambda: train(seed_first=False))
        assert names == ["0.weight", "0.bias", "2.weight", "2.bias"]


@pytest.mark.parametrize(
    "draw", [random.random, np.random.rand, lambda: torch.rand(()).item()]
)
def test_same_run_finds_each_generator(draw):
    assert same_run(lambda: {"x": torch.tensor(draw())}) == ["x"]


def test_same_run_compares_bits():
    values = iter([0.0, -0.0, 1.0, 1.0 + 2**-23, torch.nan, torch.nan])

    def run():
        return {"x": torch.tensor(next(values))}

    assert [same_run(run) for _ in range(3)] == [["x"], ["x"], []]


def test_same_run_compares_names_dtypes_and_shapes():
    for one, two in (
        ({"a": torch.ones(2)}, {"b": torch.ones(2)}),
        ({"a": torch.ones(2)}, {"a": torch.ones(2, 1)}),
        ({"a": torch.zeros(2)}, {"a": torch.zeros(2, dtype=torch.int32)}),
    ):
        runs = iter([one, two])
        assert same_run(lambda runs=runs: next(runs)) == sorted({*one, *two})
    strided = torch.arange(6.0).view(2, 3).mT
    assert same_run(lambda: {"a": strided}) == []
    shared = torch.zeros(1)
    assert same_run(lambda: {"a": shared.add_(1)}) == ["a"], "it keeps copies"
    with pytest.raises(ValueError, match="at least one tensor"):
        same_run(dict)


@pytest.mark.parametrize("ratio", [0.3, 0.5, 1.0])
@pytest.mark.parametrize("power, confidence", [(0.8, 0.95), (0.5, 0.9)])
def test_seeds_needed_has_the_power(ratio, power, confidence):
    n = seeds_needed(-3 * ratio, 3.0, power, confidence)
    critical = stats.norm.ppf(0.5 + confidence / 2)

    def chance(n):
        return stats.norm.cdf(ratio * (n / 2) ** 0.5 - critical)

    assert chance(n) >= power > chance(n - 1)


def test_seeds_needed_refuses():
    assert seeds_needed(100.0, 1.0) == 2
    for bad in ((0, 1), (1, 0), (1, -1), (1, float("nan"))):
        with pytest.raises(ValueError, match="difference must not be 0 and spread"):
            seeds_needed(*bad)
    for bad in ({"power": 1.0}, {"confidence": 0.0}):
        with pytest.raises(ValueError, match="must be between 0 and 1"):
            seeds_needed(1, 1, **bad)


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam])
def test_stacked_networks_train_as_if_alone(kind):
    torch.manual_seed(0)
    stack = StackedMLP((5, 7, 6, 3), seeds=4).double()
    alone = []
    for s in range(4):
        net = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 6), nn.ReLU())
        net.append(nn.Linear(6, 3)).double()
        values = [p[s].detach() for p in stack.parameters()]
        with torch.no_grad():
            for p, value in zip(net.parameters(), values, strict=True):
                p.copy_(value.mT.squeeze() if p.dim() == 2 else value[0])
        alone.append(net)
    x, y = torch.randn(4, 9, 5).double(), torch.randint(3, (4, 9))
    optimizers = [kind(m.parameters(), lr=0.05) for m in (stack, *alone)]
    for _ in range(5):
        losses = F.cross_entropy(stack(x).mT, y, reduction="none").mean(1)
        losses.sum().backward()
        for net, inputs, target in zip(alone, x, y, strict=True):
            F.cross_entropy(net(inputs), target).backward()
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
    expected = torch.stack([net(inputs) for net, inputs in zip(alone, x, strict=True)])
    torch.testing.assert_close(stack(x), expected)


def test_stacked_networks_begin_like_linear_and_drop():
    stack = StackedMLP((400, 30, 2), seeds=20, dropout=0.25)
    first, _, last, _ = stack.parameters()
    for p, wide in ((first, 400), (last, 30)):
        bound = wide**-0.5
        assert 0.95 * bound < p.abs().max() <= bound
        assert p.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
    assert not torch.equal(first[0], first[1])
    x = torch.randn(8, 400)
    assert not torch.equal(stack(x), stack(x))
    assert torch.equal(stack.eval()(x), stack(x))
    own = torch.Generator().manual_seed(3)
    again = StackedMLP((4, 2), 2, generator=own)
    own.manual_seed(3)
    other = StackedMLP((4, 2), 2, generator=own)
    models = iter((again, other))
    assert same_run(lambda: next(models).state_dict()) == []
    for sizes, seeds in (((4,), 1), ((4, 2), 0)):
        with pytest.raises(ValueError, match="sizes must hold at least 2 widths"):
            StackedMLP(sizes, seeds)


# Claims of the page


def test_a_seed_is_not_a_result():
    found = {k: spread._accuracies(**v) for k, v in spread.SETTINGS.items()}
    plain = found["plain"]
    assert 0.8 < plain.std() < 1.8 and plain.max() - plain.min() > 3
    assert plain.max() - plain.mean() > 1
    gain = found["smoothing"] - plain
    assert 0.6 < gain.mean() < 1.8
    unpaired = (found["smoothing"].var() + plain.var()).sqrt()
    assert gain.std() < 0.95 * unpaired
    rate = found["lr 0.05"] - plain
    assert -1.2 < rate.mean() < 0.2 and abs(rate.mean()) < plain.std()
    assert rate.std() < 0.95 * (found["lr 0.05"].var() + plain.var()).sqrt()


def test_either_source_alone_gives_most_of_the_spread():
    both = spread._accuracies().std()
    for start, order in ((True, False), (False, True)):
        alone = spread._accuracies(own_start=start, own_order=order).std()
        assert alone > 0.45 * both


def test_flags_of_a_fresh_torch():
    assert not torch.backends.cudnn.benchmark
    assert not torch.backends.cudnn.deterministic
    assert not torch.are_deterministic_algorithms_enabled()


def test_few_operations_raise_on_a_cpu():
    pooled = nn.MaxPool1d(2, return_indices=True)(torch.ones(1, 1, 4))
    torch.use_deterministic_algorithms(True)
    try:
        with pytest.raises(RuntimeError, match="deterministic"):
            nn.MaxUnpool1d(2)(*pooled)
        index, one = torch.tensor([0]), torch.ones(1)
        assert torch.zeros(2).put_(index, one, accumulate=True)[0] == 1
        model = nn.Linear(2, 3)
        loss = F.nll_loss(model(torch.ones(1, 2)).log_softmax(1), torch.tensor([1]))
        loss.backward()
        logits = torch.randn(5, 1, 4, requires_grad=True)
        lengths = torch.tensor([5]), torch.tensor([2])
        target = torch.tensor([[1, 2]])
        F.ctc_loss(logits.log_softmax(2), target, *lengths).backward()
        torch.use_deterministic_algorithms(True, warn_only=True)
        with pytest.warns(UserWarning, match="put_ does not have"):
            torch.zeros(2).put_(index, one)
    finally:
        torch.use_deterministic_algorithms(False)


def test_manual_seed_reaches_devices_that_start_later(monkeypatch):
    called = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", called.append)
    torch.manual_seed(11)
    assert called == [11]


def test_state_of_a_generator_is_a_copy():
    own = torch.Generator().manual_seed(0)
    state = own.get_state()
    kept = copy.deepcopy(state)
    torch.rand(3, generator=own)
    assert torch.equal(state, kept)
