"""Test accuracy of a small CNN against the learning rate, for four optimizers."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned
from snippets.evidence.optimizers.basin import basin
from snippets.evidence.optimizers.cnn import cnn

SEEDS, STEPS, BATCH = 8, 150, 32
IMAGES, HELD = 500, 400
# Nine rates each, three a decade, from 10 ** (first / 3) on.
KINDS: dict[str, tuple[str, dict, int]] = {
    "SGD": ("SGD", {}, -4),
    "SGD, momentum": ("SGD", {"momentum": 0.9}, -6),
    "RMSprop": ("RMSprop", {}, -10),
    "Adam": ("Adam", {}, -8),
}
RATES = {
    name: [10 ** ((first + i) / 3) for i in range(9)]
    for name, (_, _, first) in KINDS.items()
}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation error and test accuracy in percent, `(rate, seed)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), held, test = digits(seeds, train=IMAGES, valid=HELD)
    chance = torch.Generator().manual_seed(run)
    rows = torch.randint(IMAGES, (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, (kind, options, _) in KINDS.items():
        model = Stack(cnn, seeds, [{"lr": rate} for rate in RATES[name]])
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
    """Index of the tuned rate, test accuracy there, and the width of the basin."""
    error, test = scores[f"{name} error"], scores[f"{name} test"]
    score = tuned(error, test, RATES[name])
    best = int(error.mean(1).argmin())
    ends = basin(test, RATES[name], best, lose=3.0)
    return best, score, ends[:, 1] - ends[:, 0]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    _, sgd, narrow = _best(scores, "SGD, momentum")
    _, adam, wide = _best(scores, "Adam")
    _, plain, narrowest = _best(scores, "SGD")
    better = "best accuracy, Adam - SGD"
    return [
        Finding("width of Adam's basin (decades)", interval(wide), 0.5, 2),
        Finding("width, Adam - SGD with momentum", interval(wide - narrow), -0.5, 1),
        Finding("width, Adam - SGD", interval(wide - narrowest), -0.5, 1),
        Finding(f"{better} with momentum (points)", interval(adam - sgd), -3, 3),
        Finding(f"{better} (points)", interval(adam - plain), -3, 3),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Accuracy against the rate with 95 % intervals; the tuned rates as dots."""
    fig, ax = plt.subplots(figsize=(5.5, 4))
    for i, name in enumerate(KINDS):
        test, rates = scores[f"{name} test"], RATES[name]
        mean, low, high = torch.tensor([interval(row) for row in test]).T
        ax.fill_between(rates, low, high, color=f"C{i}", alpha=0.2, lw=0)
        ax.plot(rates, mean, color=f"C{i}")
        best, _, width = _best(scores, name)
        ax.plot(rates[best], mean[best], "o", color=f"C{i}", ms=6)
        text = f"{name}\n{width.mean():.1f} decades"
        ax.text(rates[best], 98 + 14 * (i % 3 == 0), text, color=f"C{i}", ha="center")
    ax.set(xscale="log", xlabel="learning rate", ylabel="test accuracy (%)")
    ax.set(ylim=(0, 128), yticks=range(0, 101, 20))
    ax.set_title("On a CNN no basin is much wider than a decade")
    return fig
