"""Cross-entropy against mean squared error, of outputs and after a softmax."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH, EVERY = 8, 200, 32, 10
RATES = [1e-3, 4e-3, 0.016, 0.064]  # of Adam, for each loss
LOSSES = ["cross-entropy", "MSE", "MSE, right class x10", "MSE after softmax"]
TASKS = {  # widths of the network, and what multiplies its last weights at the start
    "digits": ([64, 32, 10], 1),
    "digits, start x10": ([64, 32, 10], 10),
    "40 classes, width 128": ([10, 128, 40], 1),
    "40 classes, width 32": ([10, 32, 40], 1),
}
POINTS = [2000, 500, 1000]
LEVEL = 0.85  # validation accuracy, for the number of steps


def experiment(run: int) -> dict[str, Tensor]:
    """Accuracy and NLL at the best rate, steps at the fastest, for each seed."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    return {
        f"{task}: {name}: {key}": value
        for task, (sizes, factor) in TASKS.items()
        for name in LOSSES
        for key, value in _trained(sizes, factor, name, seeds).items()
    }


def _trained(sizes: list, factor: float, name: str, seeds: range) -> dict[str, Tensor]:
    def build() -> nn.Module:
        net = mlp(sizes)
        net[-1].weight.data *= factor
        return net

    (x, y), held, test = digits(seeds) if sizes[-1] == 10 else _blobs(sizes, seeds[0])
    model = Stack(build, seeds, [{"lr": lr} for lr in RATES])
    steps = torch.full((len(RATES), SEEDS), torch.inf)

    def watch(step: int) -> None:
        if step % EVERY == 0:
            there = _accuracy(model, [part[:, :100] for part in held]) >= LEVEL
            steps[there & steps.isinf()] = step

    chance = torch.Generator().manual_seed(seeds[0])
    rows = torch.randint(y.shape[1], (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    train(
        model,
        torch.optim.Adam(model.groups(), fused=True),
        lambda net, x, y: _loss(name, net(x), y),
        ((x[each, row], y[each, row]) for row in rows),
        watch=watch,
    )
    error = 1 - _accuracy(model, held)
    return {
        "validation error": error.mean(1),
        "accuracy": tuned(error, _accuracy(model, test), RATES),
        "nll": tuned(error, _nll(model, held, test), RATES),
        "steps": steps[steps.mean(1).argmin()],
    }


def _loss(name: str, z: Tensor, y: Tensor) -> Tensor:
    if name == "cross-entropy":
        return F.cross_entropy(z, y)
    one_hot = F.one_hot(y, z.shape[1]).float()
    if name == "MSE after softmax":
        return F.mse_loss(z.softmax(1), one_hot)
    if name == "MSE":
        return F.mse_loss(z, one_hot)
    return ((1 + 9 * one_hot) * (z - one_hot).square()).mean()


@torch.no_grad()
def _accuracy(model: Stack, data: Sequence[Tensor]) -> Tensor:
    return (model(data[0]).argmax(3) == data[1]).float().mean(2)


@torch.no_grad()
def _nll(model: Stack, held: Sequence[Tensor], test: Sequence[Tensor]) -> Tensor:
    """Test loss in nats, at the temperature that is best on validation data."""
    losses = []
    for x, y in (held, test):
        z, right = model(x), y.expand(len(RATES), -1, -1)[..., None]
        scaled = (z * b for b in torch.logspace(-1.5, 1.5, 31))
        losses.append([-s.log_softmax(3).gather(3, right).mean((2, 3)) for s in scaled])
    on_held, on_test = (torch.stack(each) for each in losses)
    return on_test.gather(0, on_held.argmin(0, keepdim=True))[0]


def _blobs(sizes: list, seed: int) -> tuple:
    chance = torch.Generator().manual_seed(seed)
    means = torch.randn(SEEDS, sizes[-1], sizes[0], generator=chance)
    y = torch.randint(sizes[-1], (SEEDS, sum(POINTS)), generator=chance)
    x = means[torch.arange(SEEDS)[:, None], y]
    x = x + 0.5 * torch.randn(x.shape, generator=chance)
    return tuple(zip(x.split(POINTS, 1), y.split(POINTS, 1), strict=True))


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """Differences in accuracy, in points."""

    def minus(one: str, other: str, *tasks: str) -> tuple[float, float, float]:
        pair = [[scores[f"{t}: {n}: accuracy"] for t in tasks] for n in (one, other)]
        first, second = (100 * torch.stack(each).mean(0) for each in pair)
        return interval(first - second)

    ce, mse, heavy, after = LOSSES
    digit, start, wide, narrow = TASKS
    what = f"accuracy (points), {ce} - {mse}: "
    return [
        Finding(f"{what}{digit}", minus(ce, mse, digit), -2.5, 2.5),
        Finding(f"{what}{start}", minus(ce, mse, start), 5),
        Finding(f"{what}{wide}", minus(ce, mse, wide), 0, 5),
        Finding(f"{what}{narrow}", minus(ce, mse, narrow), 5),
        Finding(f"{heavy} - {mse}: {narrow}", minus(heavy, mse, narrow), 5),
        Finding(f"{after} - {ce}: mean of all", minus(after, ce, *TASKS), -2, 2),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Error, NLL and steps of each loss, tuned, in each task."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 6.6), sharex=True)
    for j, name in enumerate(LOSSES):
        for i, task in enumerate(TASKS):
            of = f"{task}: {name}"
            rows = [scores[f"{of}: {key}"] for key in ("accuracy", "nll", "steps")]
            rows[0] = 100 - 100 * rows[0]  # the error
            for panel, values in zip(panels, rows, strict=True):
                at = i + 0.15 * (j - 1.5)
                if not values.isfinite().all():
                    panel.plot(at, STEPS, f"C{j}x", ms=8)
                    continue
                mean, low, high = interval(values)
                panel.plot([at, at], [low, high], f"C{j}-")
                panel.plot(at, mean, f"C{j}o", ms=5, label=None if i else name)
    marks = [3, 10, 30], [0.1, 0.3, 1], [20, 50, 100, STEPS]
    labels = "test error (%)", "test NLL (nats)", f"steps to {LEVEL:.0%}"
    for panel, label, ticks in zip(panels, labels, marks, strict=True):
        panel.set(ylabel=label, yscale="log")
        panel.set_yticks(ticks, ["never" if t == STEPS else t for t in ticks])
        panel.minorticks_off()
    panels[0].legend(ncols=2)
    panels[2].set_xticks(range(len(TASKS)), [t.replace(", ", "\n") for t in TASKS])
    panels[0].set(ylim=(2, 80), title="MSE fails where its targets are hard to reach")
    return fig
