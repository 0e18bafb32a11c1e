"""SGD with momentum against Adam on test data, where both fit the training data."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned
from snippets.evidence.optimizers.cnn import cnn

SEEDS, BATCH, IMAGES, HELD = 32, 32, 300, 500
STEPS = {"MLP": 250, "CNN": 200}
# Four rates each, three a decade, from 10 ** (first / 3) on.
KINDS = {"SGD": ("SGD", {"momentum": 0.9}), "Adam": ("Adam", {})}
FIRST = {"SGD": -4, "Adam": -6}
RATES = {k: [10 ** ((first + i) / 3) for i in range(4)] for k, first in FIRST.items()}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation error, training and test accuracy in percent, `(rate, seed)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    fit, held, test = digits(seeds, train=IMAGES, valid=HELD)
    scores = {}
    for network, steps in STEPS.items():
        chance = torch.Generator().manual_seed(run)
        rows = torch.randint(IMAGES, (steps, SEEDS, BATCH), generator=chance)
        for name in KINDS:
            model = _trained(network, name, seeds, fit, rows)
            with torch.no_grad():
                key = f"{network} {name}"
                scores[f"{key} error"] = 100 - model.run(_accuracy, *held)
                scores[f"{key} train"] = model.run(_accuracy, *fit)
                scores[f"{key} test"] = model.run(_accuracy, *test)
    return scores


def _trained(
    network: str, name: str, seeds: range, data: tuple[Tensor, Tensor], rows: Tensor
) -> Stack:
    (x, y), each = data, torch.arange(len(seeds))[:, None]
    model = Stack(BUILD[network], seeds, [{"lr": rate} for rate in RATES[name]])
    kind, options = KINDS[name]
    optimizer = getattr(torch.optim, kind)(model.groups(), **options)
    batches = ((x[each, row], y[each, row]) for row in rows)
    train(model, optimizer, _loss, batches, schedule=lambda s: 1 - s / len(rows))
    return model


def _mlp() -> nn.Module:
    return mlp([64, 32, 32, 10])


BUILD = {"MLP": _mlp, "CNN": cnn}


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(net(x), y)


def _accuracy(net, x: Tensor, y: Tensor) -> Tensor:
    return 100 * (net(x).argmax(-1) == y).float().mean()


def _pair(scores: dict[str, Tensor], network: str, part: str) -> Tensor:
    """SGD minus Adam, each at the rate with the lowest error on validation data."""
    sgd, adam = (
        tuned(
            scores[f"{network} {name} error"],
            scores[f"{network} {name} {part}"],
            RATES[name],
        )
        for name in KINDS
    )
    return sgd - adam


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    found = []
    for network, limits in (("MLP", (-1, 1)), ("CNN", (-2, 0.5))):
        test, fit = (interval(_pair(scores, network, p)) for p in ("test", "train"))
        what = f"{network}, SGD - Adam (points)"
        found.append(Finding(f"test accuracy, {what}", test, *limits))
        found.append(Finding(f"training accuracy, {what}", fit, -0.5, 0.5))
    return found


def figure(scores: dict[str, Tensor]) -> Figure:
    """The difference of each seed, and the mean with its interval."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 4.2), sharex=True)
    for panel, network in zip(panels, STEPS, strict=True):
        difference = _pair(scores, network, "test")
        mean, low, high = interval(difference)
        values, counts = difference.sort().values, {}
        for value in values.tolist():
            column = round(3 * value)
            counts[column] = counts.get(column, 0) + 1
            panel.plot(value, counts[column], "o", color="C0", ms=5, alpha=0.6)
        panel.axvline(0, color="C5", lw=1)
        panel.plot((low, high), (-1, -1), color="C1", lw=4, ls="-")
        panel.plot(mean, -1, "o", color="C1", ms=9)
        panel.text(0.02, 0.85, network, transform=panel.transAxes, weight="bold")
        panel.set(yticks=[], ylim=(-2.2, max(counts.values()) + 2))
    panels[0].set_title("SGD is not ahead of Adam on test data")
    panels[1].set_xlabel("test accuracy, SGD - Adam (points): seeds, mean, 95 %")
    return fig
