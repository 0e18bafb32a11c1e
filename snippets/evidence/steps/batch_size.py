"""Batches from 16 to 512 at their best rates, for equal epochs and for equal steps."""

from collections.abc import Iterator

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, IMAGES, EPOCHS, STEPS = 8, 512, 15, 120  # at batch 64 the two are one
SIZES = [16, 64, 256, 512]
RATES = {  # factors of 2
    "SGD": [0.1 * 2**i for i in range(6)],
    "Adam": [0.005 * 2**i for i in range(6)],
}


def _batches(data: tuple, size: int, steps: int, seed: int) -> Iterator[tuple]:
    """Each epoch in another order, for each seed its own."""
    chance, per = torch.Generator().manual_seed(seed), IMAGES // size
    each = torch.arange(len(data[0]))[:, None]
    for step in range(steps):
        if step % per == 0:
            order = torch.rand(len(each), IMAGES, generator=chance).argsort(1)
        rows = order[:, step % per * size :][:, :size]
        yield tuple(part[each, rows] for part in data)


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def experiment(run: int) -> dict[str, Tensor]:
    """Losses of each optimizer and budget, `(size, rate, seed)`.

    Also the mean training loss, `(size, rate)`.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    data, held, test = digits(seeds, train=IMAGES, valid=400)
    scores = {}
    for name, rates in RATES.items():
        for budget in ("epochs", "steps"):
            losses = {"train": [], "validation": [], "test": []}
            for size in SIZES:
                model = Stack(
                    lambda: mlp([64, 16, 10]), seeds, [{"lr": r} for r in rates]
                )
                optimizer = getattr(torch.optim, name)(model.groups())
                steps = STEPS if budget == "steps" else EPOCHS * IMAGES // size
                train(model, optimizer, _loss, _batches(data, size, steps, run))
                with torch.no_grad():
                    for part, of in zip(losses, (data, held, test), strict=True):
                        losses[part].append(model.run(_loss, *of))
            for part, found in losses.items():
                scores[f"{name} {budget} {part}"] = torch.stack(found).round(decimals=3)
            fit = scores.pop(f"{name} {budget} train").mean(2)
            scores[f"{name} {budget} fit"] = fit  # mean over the seeds
    return scores


def _best(scores: dict[str, Tensor], name: str) -> Tensor:
    """Test loss at the rate that validation prefers, `(size, S)`."""
    rates = RATES[name.split()[0]]
    held, found = scores[f"{name} validation"], scores[f"{name} test"]
    return torch.stack([tuned(*both, rates) for both in zip(held, found, strict=True)])


def _rates(scores: dict[str, Tensor], name: str) -> Tensor:
    """Best rate of each size and seed, by a parabola through the lowest loss."""
    rates = torch.tensor(RATES[name.split()[0]]).log()
    held = scores[f"{name} validation"].nan_to_num(torch.inf).clamp(max=3).log()
    middle = held[:, 1:-1].argmin(1, keepdim=True) + 1
    low, at, high = (held.gather(1, middle + i)[:, 0] for i in (-1, 0, 1))
    shift = (low - high) / (2 * (low - 2 * at + high)).clamp(min=1e-6)
    step = rates[1] - rates[0]
    return (rates[middle[:, 0]] + shift.clamp(-1, 1) * step).exp()


def _power(scores: dict[str, Tensor], name: str, start: int, end: int) -> tuple:
    """Power of the batch size with which the best rate grows."""
    ratio = _rates(scores, name)[[start, end]].log().diff(dim=0)[0]
    sizes = torch.tensor(SIZES, dtype=torch.float)[[start, end]].log()
    return interval(ratio / sizes.diff())


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""

    def gap(name: str) -> tuple[float, float, float]:
        best = _best(scores, name)
        return interval(best[3] - best[1])

    power, loss = "power of the batch in the best rate", "test loss, batch 512 - 64"
    sgd, adam = "SGD epochs", "Adam epochs"
    return [
        Finding(f"{power}, SGD, 16 to 64", _power(scores, sgd, 0, 1), 0.2, 0.9),
        Finding(f"{power}, SGD, 64 to 512", _power(scores, sgd, 1, 3), -0.2, 0.4),
        Finding(f"{power}, Adam, 16 to 512", _power(scores, adam, 0, 3), 0.25, 0.8),
        Finding(f"{loss}, Adam, equal epochs", gap(adam), above=0),
        Finding(f"{loss}, Adam, equal steps", gap("Adam steps"), below=0.04),
        Finding(f"{loss}, SGD, equal steps", gap("SGD steps"), below=0.04),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss, and below it the best rate, against the batch size."""
    fig, panels = plt.subplots(2, 2, figsize=(5.5, 5.6), sharex=True, sharey="row")
    for column, (name, power) in zip(
        panels.T, {"SGD": 1, "Adam": 0.5}.items(), strict=True
    ):
        for i, budget in enumerate(("epochs", "steps")):
            of = f"{name} {budget}"
            for panel, values in zip(
                column, (_best(scores, of), _rates(scores, of)), strict=True
            ):
                mean, low, high = zip(*map(interval, values), strict=True)
                panel.plot(
                    SIZES, mean, "o-", ms=4, color=f"C{i}", label=f"equal {budget}"
                )
                panel.fill_between(SIZES, low, high, color=f"C{i}", alpha=0.2)
        start = _rates(scores, f"{name} epochs")[0].mean()
        rule = [start * (size / SIZES[0]) ** power for size in SIZES]
        label = "linear" if power == 1 else "square root"
        column[1].plot(SIZES, rule, "--", color=plt.rcParams["text.color"], label=label)
        column[1].legend()
        column[0].set(title=name, xscale="log", yscale="log")
        column[1].set(yscale="log", xlabel="batch size")
        column[1].set_xticks(SIZES, [str(size) for size in SIZES])
        column[1].minorticks_off()
    for panel, ticks in zip(
        panels[:, 0], ([0.1, 0.2, 0.5, 1], [0.01, 0.1, 1, 10]), strict=True
    ):
        panel.set_yticks(ticks, [f"{tick:g}" for tick in ticks], minor=False)
        panel.yaxis.set_minor_locator(plt.NullLocator())
    panels[0, 0].set_ylabel("test loss (nats)")
    panels[1, 0].set_ylabel("best learning rate")
    panels[0, 1].legend()
    fig.suptitle("Large batches lose by fewer steps", fontweight="bold")
    return fig
