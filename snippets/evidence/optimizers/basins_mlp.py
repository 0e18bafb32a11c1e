"""Test accuracy of an MLP against the learning rate, for seven optimizers."""

from functools import partial

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned
from snippets.evidence.optimizers.basin import basin

SEEDS, STEPS, BATCH = 8, 200, 32
IMAGES, HELD = 500, 400
# Ten rates each, three a decade, from 10 ** (first / 3) on; and torch's default.
KINDS: dict[str, tuple[str, dict, int, float]] = {
    "SGD": ("SGD", {}, -4, 1e-3),
    "SGD, momentum": ("SGD", {"momentum": 0.9}, -6, 1e-3),
    "Adagrad": ("Adagrad", {}, -8, 1e-2),
    "RMSprop": ("RMSprop", {}, -11, 1e-2),
    "Adam": ("Adam", {}, -9, 1e-3),
    "NAdam": ("NAdam", {}, -9, 2e-3),
    "RAdam": ("RAdam", {}, -7, 1e-3),
    "SGD, momentum, one hidden layer": ("SGD", {"momentum": 0.9}, -6, 1e-3),
    "Adam, one hidden layer": ("Adam", {}, -9, 1e-3),
}
RATES = {
    name: [10 ** ((first + i) / 3) for i in range(10)]
    for name, (_, _, first, _) in KINDS.items()
}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation error and test accuracy in percent, `(rate, seed)`.

    The last row, behind the ten rates, is torch's default.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), held, test = digits(seeds, train=IMAGES, valid=HELD)
    chance = torch.Generator().manual_seed(run)
    rows = torch.randint(IMAGES, (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, (kind, options, _, default) in KINDS.items():
        settings = [{"lr": rate} for rate in [*RATES[name], default]]
        sizes = [64, 32, 10] if "one hidden" in name else [64, 32, 32, 10]
        model = Stack(partial(mlp, sizes), seeds, settings)
        optimizer = getattr(torch.optim, kind)(model.groups(), **options)
        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches, schedule=lambda s: 1 - s / STEPS)
        with torch.no_grad():
            scores[f"{name} error"] = 100 - model.run(_accuracy, *held)
            scores[f"{name} test"] = model.run(_accuracy, *test)
    return scores


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return torch.nn.functional.cross_entropy(net(x), y)


def _accuracy(net, x: Tensor, y: Tensor) -> Tensor:
    return 100 * (net(x).argmax(-1) == y).float().mean()


def _best(scores: dict[str, Tensor], name: str) -> tuple[int, Tensor, Tensor]:
    """Index of the tuned rate, test accuracy there, and the ends of the basin."""
    error, test = scores[f"{name} error"][:-1], scores[f"{name} test"][:-1]
    score = tuned(error, test, RATES[name])
    best = int(error.mean(1).argmin())
    return best, score, basin(test, RATES[name], best, lose=3.0)


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    accuracy, width, default = {}, {}, {}
    momentum = "SGD, momentum"
    for name in KINDS:
        _, accuracy[name], ends = _best(scores, name)
        width[name] = ends[:, 1] - ends[:, 0]
        default[name] = scores[f"{name} test"][-1] - accuracy[name]
    wider = width["Adam"] - width[momentum]
    shallow = width["Adam, one hidden layer"] - width[f"{momentum}, one hidden layer"]
    better = accuracy["Adam"] - accuracy[momentum]
    more, lost = "width, Adam - SGD with momentum", "torch's default rate - tuned"
    return [
        Finding("width of Adam's basin (decades)", interval(width["Adam"]), 0.5, 2),
        Finding(f"{more} (decades)", interval(wider), 0, 1),
        Finding(f"{more}, one hidden layer", interval(shallow), -0.5, 0.5),
        Finding(
            "best accuracy, Adam - SGD with momentum (points)", interval(better), -2, 2
        ),
        Finding(f"accuracy, {lost}, Adam", interval(default["Adam"]), below=-10),
        Finding(
            f"accuracy, {lost}, SGD with momentum",
            interval(default[momentum]),
            below=-50,
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """A row for each optimizer: its basin, its tuned rate and torch's default."""
    fig, ax = plt.subplots(figsize=(5.5, 5.8))
    for i, name in enumerate(KINDS):
        best, score, ends = _best(scores, name)
        rates, mean = torch.tensor(RATES[name]), scores[f"{name} test"][:-1].mean(1)
        low, high = (10 ** ends.mean(0)).tolist()
        ax.barh(i, high - low, 0.3, low, color="C0", alpha=0.35)
        for end in ends.T:
            sides = [10**side for side in interval(end)[1:]]
            ax.plot(sides, (i, i), color="C0", lw=2, ls="-")
        fails = mean < 50
        ax.plot(rates[~fails], [i] * int((~fails).sum()), ".", color="C0", ms=4)
        ax.plot(rates[fails], [i] * int(fails.sum()), "x", color="C3", ms=4)
        ax.plot(rates[best], i, "o", color="C0", ms=7)
        ax.plot(KINDS[name][3], i + 0.25, "^", color="C1", ms=6)
        width = interval(ends[:, 1] - ends[:, 0])[0]
        text = f"{name}: {width:.1f} decades, {score.mean():.0f} %"
        ax.text(2e-4, i - 0.28, text, va="center")
    ax.set(xscale="log", xlim=(1.5e-4, 1e2), ylim=(len(KINDS) - 0.4, -0.7), yticks=[])
    ax.set_xlabel("learning rate (triangle: torch's default; cross: below 50 %)")
    ax.set_title("No basin is as wide as two decades")
    return fig
