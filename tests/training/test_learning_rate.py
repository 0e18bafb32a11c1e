"""The range test restores everything; its rules; and what the page claims."""

import copy
import inspect
import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW, RMSprop

from snippets.training.learning_rate import basin, fine_tuning, readings, signs
from snippets.training.learning_rate.lr_range_test import lr_range_test
from snippets.training.learning_rate.many_runs import _digits, many_runs
from snippets.training.learning_rate.suggest_lr import suggest_lr

MSE = nn.functional.mse_loss


class Net(nn.Module):
    """Dropout, batch norm, a tied weight and a buffer that state_dict leaves out."""

    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4)
        self.b = nn.Linear(4, 4)
        self.b.weight = self.a.weight
        self.norm = nn.BatchNorm1d(4)
        self.drop = nn.Dropout(0.5)
        self.register_buffer("calls", torch.zeros(()), persistent=False)

    def forward(self, x):
        self.calls += 1
        return self.drop(self.norm(self.b(self.a(x))))


def batches(n=7):
    generator = torch.Generator().manual_seed(0)
    draw = [torch.randn(2, 8, 4, generator=generator) for _ in range(n)]
    return [(x, y) for x, y in draw]


def snapshot(model, optimizer):
    named = [*model.named_parameters(), *model.named_buffers()]
    tensors = {n: t.detach().clone() for n, t in named}
    grads = {n: t.grad.clone() for n, t in named if t.grad is not None}
    return (
        tensors,
        grads,
        copy.deepcopy(optimizer.state_dict()),
        torch.get_rng_state(),
    )


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, RMSprop])
@pytest.mark.parametrize("warm", [0, 3])
@pytest.mark.parametrize("fail", [False, True])
def test_everything_is_put_back(kind, warm, fail):
    torch.manual_seed(0)
    model = Net()
    options = {"momentum": 0.9} if kind in (SGD, RMSprop) else {}
    groups = [
        {"params": [model.a.weight, model.a.bias], "lr": 0.02},
        {"params": [model.b.bias, *model.norm.parameters()]},
    ]
    optimizer = kind(groups, lr=0.01, **options)
    for x, y in batches(warm):
        optimizer.zero_grad()
        MSE(model(x), y).backward()
        optimizer.step()
    before = snapshot(model, optimizer)
    held, kept = list(model.parameters()), optimizer.param_groups[0]
    seen = []

    def loss(z, y):
        seen.append([g["lr"] for g in optimizer.param_groups])
        if fail and len(seen) == 20:
            raise RuntimeError("stop")
        return MSE(z, y)

    if fail:
        with pytest.raises(RuntimeError, match="stop"):
            lr_range_test(model, optimizer, loss, batches())
    else:
        lrs, losses = lr_range_test(model, optimizer, loss, batches())
        assert len(lrs) == len(losses) == len(seen) > 20
        assert [s[0] for s in seen] == pytest.approx(lrs)
        assert torch.tensor(losses[:40]).std() > 0
    assert all(s[0] == pytest.approx(2 * s[1]) for s in seen)
    after = snapshot(model, optimizer)
    for a, b in zip(before, after, strict=True):
        assert same(a, b)
    assert all(p is q for p, q in zip(held, model.parameters(), strict=True))
    assert model.b.weight is model.a.weight
    assert optimizer.param_groups[0] is kept


def test_training_goes_on_as_if_nothing_had_happened():
    results = []
    for test in (False, True):
        torch.manual_seed(0)
        model = Net()
        optimizer = Adam(model.parameters(), lr=0.01)
        schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        for k, (x, y) in enumerate(batches()):
            if test and k in (0, 3):
                lr_range_test(model, optimizer, MSE, batches(), steps=30)
            optimizer.zero_grad()
            MSE(model(x), y).backward()
            optimizer.step()
            schedule.step()
        results.append((snapshot(model, optimizer), schedule.get_last_lr()))
    assert same(*results)


def test_shuffling_loader_and_extra_parameters():
    torch.manual_seed(0)
    model, scale = nn.Linear(4, 4), nn.Parameter(torch.ones(()))
    optimizer = SGD([*model.parameters(), scale], lr=0.1)
    data = torch.utils.data.TensorDataset(*torch.randn(2, 32, 4))
    loader = torch.utils.data.DataLoader(data, batch_size=8, shuffle=True)
    state = torch.get_rng_state()
    lrs, _ = lr_range_test(
        model, optimizer, lambda z, y: scale**2 * MSE(z, y), loader, 1e-4, 1e-1, 50
    )
    assert scale.item() == 1 and torch.equal(state, torch.get_rng_state())
    assert len(lrs) == 50 and lrs[0] == 1e-4 and lrs[-1] == pytest.approx(0.1)
    ratios = torch.tensor(lrs).double()[1:] / torch.tensor(lrs).double()[:-1]
    assert ratios.max() - ratios.min() < 1e-6


def test_it_is_sgd_written_out_and_stops():
    w = nn.Linear(1, 1, bias=False)
    start = w.weight.item()
    x, y = torch.ones(1, 1), torch.zeros(1, 1)
    lrs, losses = lr_range_test(
        w, SGD(w.parameters(), lr=0.1), MSE, [(x, y)], 1e-3, 1e3, 60
    )
    value = start
    for lr, loss in zip(lrs, losses, strict=True):
        assert loss == pytest.approx(value**2, rel=1e-3)
        value -= lr * 2 * value
    average, smooth = 0.0, []
    for k, loss in enumerate(losses):
        average = 0.9 * average + 0.1 * loss
        smooth.append(average / (1 - 0.9 ** (k + 1)))
    lowest = [min(smooth[: k + 1]) for k in range(len(smooth))]
    over = [s > 4 * low for s, low in zip(smooth, lowest, strict=True)]
    assert over[-1] and not any(over[:-1]) and len(lrs) < 60
    lrs, losses = lr_range_test(
        w, SGD(w.parameters(), lr=0.1), lambda z, y: z.sum() * math.nan, [(x, y)]
    )
    assert len(lrs) == 1 and math.isnan(losses[0])


def test_a_negative_loss_is_no_divergence():
    w = nn.Linear(1, 1)
    lrs, _ = lr_range_test(
        w,
        SGD(w.parameters(), lr=0.1),
        lambda z, y: z.square().mean() - 5,
        [(torch.ones(1, 1), torch.ones(1, 1))],
        1e-4,
        0.5,
        50,
    )
    assert len(lrs) == 50


LINE = nn.Linear(2, 2)
ERRORS = {
    r"0 < low < high and steps >= 2 needed, got 1\.0, 0\.1, 100": {
        "low": 1.0,
        "high": 0.1,
    },
    r"0 < low < high and steps >= 2 needed, got 0\.0, 10\.0, 100": {"low": 0.0},
    r"0 < low < high and steps >= 2 needed, got 1e-05, 10\.0, 1": {"steps": 1},
    "batches must not run out for good": {"batches": iter([])},
    r"a group with a positive lr is needed, got at most 0\.0": {
        "optimizer": SGD(LINE.parameters(), lr=0.0)
    },
    "optimizer must hold parameters of model": {"model": nn.Linear(2, 2)},
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    arguments = {
        "model": LINE,
        "optimizer": SGD(LINE.parameters(), lr=0.1),
        "loss_fn": MSE,
        "batches": [(torch.ones(1, 2), torch.ones(1, 2))],
    }
    with pytest.raises(ValueError, match=message):
        lr_range_test(**arguments | ERRORS[message])


# Reading a test


def test_rules_against_their_definitions():
    generator = torch.Generator().manual_seed(1)
    lrs = torch.logspace(-5, 1, 80).tolist()
    noise = 0.05 * torch.randn(80, generator=generator)
    losses = (2 - torch.logspace(-5, 1, 80).clamp(max=1) + noise).tolist()
    losses[-6:] = [5.0, 9.0, 20.0, 40.0, 99.0, math.nan]
    smooth = []
    for k in range(79):
        weights = [0.9 ** (k - j) for j in range(k + 1)]
        pairs = zip(weights, losses, strict=False)
        smooth.append(sum(w * v for w, v in pairs) / sum(weights))
    low = smooth.index(min(smooth))
    assert suggest_lr(lrs, losses) == pytest.approx(lrs[low] / 10)
    logs = [math.log(lr) for lr in lrs]
    slopes = [
        (smooth[k + 1] - smooth[k]) / (logs[k + 1] - logs[k]) for k in range(7, low)
    ]
    steepest = 7 + slopes.index(min(slopes))
    assert suggest_lr(lrs, losses, "steepest") == lrs[steepest]
    best = [1] * 79
    for i in range(79):
        for j in range(i):
            if smooth[i] < smooth[j]:
                best[i] = max(best[i], best[j] + 1)
    end = best.index(max(best))
    assert suggest_lr(lrs, losses, "valley") == lrs[end - best[end] // 2]


def test_rules_on_edge_cases():
    up, down = [1.0, 2.0, 3.0, 4.0], [4.0, 3.0, 2.0, 1.0]
    lrs = [0.1, 1.0, 10.0, 100.0]
    assert suggest_lr(lrs, up) == 0.01
    assert suggest_lr(lrs, up, "steepest") == 0.1
    assert suggest_lr(lrs, up, "valley") == 0.1
    assert suggest_lr(lrs, down) == 10
    assert suggest_lr(lrs, down, "valley") == 1.0
    with pytest.raises(ValueError, match="lrs and losses must match, got 4, 3"):
        suggest_lr(lrs, up[:3])
    with pytest.raises(ValueError, match="at least 3 finite losses needed, got 2"):
        suggest_lr(lrs, [1.0, 2.0, math.inf, 3.0])
    with pytest.raises(
        ValueError, match="rule must be steepest, minimum or valley, got 'best'"
    ):
        suggest_lr(lrs, up, "best")


# The experiments


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (SGD, {"momentum": 0.9}),
        (Adam, {}),
        (AdamW, {"weight_decay": 0.5}),
        (RMSprop, {}),
    ],
)
def test_a_slice_is_a_training_of_its_own(kind, options):
    """Scaled steps equal torch's optimizer with that rate, on the same batches."""
    rates = torch.tensor([[0.03, 0.01]]) * torch.linspace(1, 0.2, 6)[:, None]
    first = many_runs(kind, 0 * rates[:1], 2).weights
    runs = many_runs(kind, rates, 2, **options)
    x, y = _digits()
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(x), generator=generator)
    (
        torch.rand(2, 16, 16, generator=generator),
        torch.rand(2, 16, 10, generator=generator),
    )
    x, y = x[order], y[order]
    draws = [torch.randint(1000, (2, 32), generator=generator) for _ in range(6)]
    for seed, r in ((0, 0), (1, 1)):
        w = [first[0][seed, :, r], first[1][seed, 0, r], first[2][seed, r]]
        w = [v.clone().requires_grad_() for v in w]
        optimizer = kind(w, lr=1.0, **options)
        for k, draw in enumerate(draws):
            optimizer.param_groups[0]["lr"] = rates[k, r].item()
            z = (x[draw[seed]] @ w[0] + w[1]).relu() @ w[2]
            loss = nn.functional.cross_entropy(z, y[draw[seed]])
            assert loss.item() == pytest.approx(runs.train[k, seed, r].item(), rel=1e-4)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        z = (x[1000:] @ w[0] + w[1]).relu() @ w[2]
        held = nn.functional.cross_entropy(z, y[1000:]).item()
        assert held == pytest.approx(runs.loss[seed, r].item(), rel=1e-3)
        right = (z.argmax(1) == y[1000:]).float().mean().item()
        assert right == pytest.approx(runs.accuracy[seed, r].item(), abs=0.005)
    with pytest.raises(ValueError, match=r"rates must be \(steps, R\), got shape"):
        many_runs(SGD, torch.ones(3))


def test_readings_of_range_tests():
    measured = readings._measure()
    for best, read, lost in measured.values():
        ratio, cost = (read / best).median(2).values, lost.mean(2)
        steepest, minimum, valley = range(3)
        assert (read[minimum] / best).min() > 0.06
        assert (read[minimum] / best).max() < 2.5
        assert 0.15 < ratio[minimum, 1] < 1 and -1 < cost[minimum, 1] < 9
        assert 0.25 < ratio[steepest, 1] < 1.7
        assert (ratio[valley] < 0.45).all() and (cost[valley] > 1.5).all()
        assert 2 < ratio[minimum, 0] / ratio[minimum, 2] < 8
    lowest = min((read[0] / best).min() for best, read, _ in measured.values())
    assert lowest < 0.01  # in some seed, the steepest fall is noise


def test_basins_and_defaults():
    basins = basin._basins()
    best = {}
    for name, loss in basins.items():
        mean = loss.nan_to_num(99).mean(0)
        best[name] = basin.GRID[mean.argmin()].item()
        kind, _, default = basin.KINDS[name]
        assert inspect.signature(kind).parameters["lr"].default == default
        assert best[name] > 2 * default
    for found, said in zip(best.values(), (3, 0.3, 0.03, 0.03, 0.1), strict=True):
        assert 1 / 3.4 < found / said < 3.4  # a neighbour on the grid at most
    assert best["SGD"] > best["SGD, momentum 0.9"] > best["Adam"]
    at_ten = {name: loss[:, -1].nan_to_num(1e9).mean() for name, loss in basins.items()}
    assert at_ten["AdamW, weight decay 0.1"] < 1 < 5 < at_ten["Adam"]


def test_defaults_after_a_longer_training_and_best_rate_by_length():
    fall = (1 - torch.arange(800) / 800)[:, None]
    one = torch.tensor([1e-3])
    assert 0.68 < many_runs(Adam, one * fall, 4).accuracy.mean() < 0.8
    assert many_runs(SGD, one * fall, 4).accuracy.mean() < 0.2
    grid = torch.logspace(-2.5, 0, 11)
    best = []
    for steps in (30, 300):
        fall = (1 - torch.arange(steps) / steps)[:, None]
        loss = many_runs(Adam, grid * fall, 6).loss.mean(0)
        best.append(grid[loss.argmin()].item())
    assert best[0] / best[1] > 1.5


def test_signs():
    losses, _ = signs._losses()
    end = losses[-20:].median(0).values.median(0).values
    slow, low, good, stop, chance, lost = end
    assert 1.7 < slow < 2.3 and 0.3 < low < 0.9 and good < 0.35
    assert 1.2 < stop < 2.2 and abs(chance - math.log(10)) < 0.1
    assert not lost < 100
    peak = losses[..., 4].median(1).values.max()
    assert 50 < peak < 2000
    runs = many_runs(SGD, torch.full((200, 1), 10.0), 8)
    x, _ = _digits()
    hidden = x @ runs.weights[0][:, :, 0] + runs.weights[1][:, :, 0]
    dead = (hidden <= 0).all(1).float().mean()
    assert 0.65 < dead < 0.92 and runs.loss.isfinite().all()


def test_fine_tuning():
    before, accuracy = fine_tuning._measure()
    best = before.mean(0).argmin()
    assert 0.02 < fine_tuning.GRID[best] < 0.15
    mean = accuracy.mean(2)
    for scratch, tuned in mean:
        assert (tuned.argmax() - scratch.argmax()).abs() <= 1
        assert tuned.max() - tuned[2] > 0.07  # 0.003
        assert scratch[0] < 0.2 and 0.5 < tuned[0] < 0.82
        assert (tuned.max() - scratch.max()).abs() < 0.04


def test_it_stops_at_four_times_the_lowest_average():
    script = iter([1.0] * 20 + [25.0, 10.0] + [1.0] * 30)  # averages 1, 3.7, 4.4
    w = nn.Linear(1, 1)
    pair = torch.ones(1, 1), torch.ones(1, 1)
    lrs, losses = lr_range_test(
        w, SGD(w.parameters(), lr=0.1), lambda z, y: 0 * z.sum() + next(script), [pair]
    )
    assert losses == [1.0] * 20 + [25.0, 10.0] and len(lrs) == 22


def test_steepest_skips_the_first_tenth():
    losses = [9.0, *[3.0] * 24, *torch.linspace(3, 0, 15).tolist()]
    lrs = torch.logspace(-4, 0, 40).tolist()
    assert suggest_lr(lrs, losses, "steepest") >= lrs[4]
    assert suggest_lr([*lrs[:25]], losses[:25], "steepest") == lrs[2]
