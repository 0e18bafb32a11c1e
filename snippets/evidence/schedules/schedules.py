"""Six schedules, each at its best peak rate, with noisy and less noisy gradients."""

import math

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
from snippets.evidence.method.tuned import tuned

SEEDS, BATCHES, LENGTHS = 12, (8, 128), (80, 320)
RATES = [0.16, 0.32, 0.64, 1.28, 2.56, 5.12]  # peaks, for every schedule
SHAPES = {  # of the share of the steps that is done
    "constant": lambda p: 1.0,
    "step, a tenth twice": lambda p: 1.0 if p < 0.5 else 0.1 if p < 0.75 else 0.01,
    "cosine": lambda p: (1 + math.cos(math.pi * p)) / 2,
    "linear": lambda p: 1 - p,
    "one-cycle": lambda p: (
        0.04 + 0.48 * (1 - math.cos(math.pi * p / 0.3))  # as torch's by default
        if p < 0.3
        else (1 + math.cos(math.pi * (p - 0.3) / 0.7)) / 2
    ),
    "WSD, last fifth linear": lambda p: min(1.0, (1 - p) / 0.2),
}
WSD = list(SHAPES)[-1]


def experiment(run: int) -> dict[str, Tensor]:
    """Wrong digits in percent by batch size, `(length, schedule, peak, seed)`.

    SGD without momentum, all schedules on the same batches.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    data, held, test = ((_shrink(x), y) for x, y in digits(seeds))
    settings = [{"lr": 0.0, "peak": lr, "shape": s} for s in SHAPES for lr in RATES]
    scores = {}
    for batch in BATCHES:
        both = {"validation": [], "test": []}
        for steps in LENGTHS:
            chance = torch.Generator().manual_seed(run)
            model = Stack(lambda: mlp([16, 16, 10]), seeds, settings)
            _train(model, *data, steps, batch, chance)
            with torch.no_grad():
                both["validation"].append(model.run(_wrong, *held))
                both["test"].append(model.run(_wrong, *test))
        for name, parts in both.items():
            grid = torch.stack(parts).unflatten(1, (len(SHAPES), len(RATES)))
            # Rounded to keep the file small; validation chooses by its mean.
            grid = grid.mean(3, keepdim=True) if name == "validation" else grid
            scores[f"batch {batch} {name}"] = grid.round(decimals=1)
    return scores


def _shrink(x: Tensor) -> Tensor:
    """Average 8 x 8 pixels to 4 x 4."""
    return x.unflatten(-1, (4, 2, 4, 2)).mean((-1, -3)).flatten(-2)


def _train(
    model: Stack, x: Tensor, y: Tensor, steps: int, batch: int, chance: torch.Generator
) -> None:
    # Not method/train.py: each group has a schedule of its own.
    optimizer = torch.optim.SGD(model.groups())
    each = torch.arange(len(x))[:, None]
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * SHAPES[group["shape"]](step / steps)
        row = torch.rand(x.shape[:2], generator=chance).argsort(1)[:, :batch]
        optimizer.zero_grad()
        model.run(_loss, x[each, row], y[each, row]).sum().backward()
        optimizer.step()


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _wrong(net, x: Tensor, y: Tensor) -> Tensor:
    return 100 * (net(x).argmax(-1) != y).float().mean()


def _best(scores: dict[str, Tensor], batch: int, length: int) -> dict[str, Tensor]:
    """Test error of each schedule at the peak that validation prefers, `(seed,)`."""
    parts = [scores[f"batch {batch} {name}"][length] for name in ("validation", "test")]
    return {
        shape: tuned(held.expand_as(test), test, RATES)
        for shape, held, test in zip(SHAPES, *parts, strict=True)
    }


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    long, exact = (_best(scores, batch, 1) for batch in BATCHES)
    linear = long["linear"]
    gains = [best["linear"] - best["constant"] for best in (long, exact)]
    # Linear at the peak that is best for the constant rate.
    held, test = (scores[f"batch 8 {name}"][1] for name in ("validation", "test"))
    low = tuned(held[0].expand(-1, SEEDS), test[list(SHAPES).index("linear")], RATES)
    found = (
        ("batches of 8: linear - constant", gains[0], {"below": 0}),
        # Less than the 4 points that it is with batches of 8.
        ("batches of 128: linear - constant", gains[1], {"above": -4, "below": 4}),
        ("8, linear: at the constant's peak - its own", low - linear, {"above": 0}),
        ("8: step - linear", long["step, a tenth twice"] - linear, {"above": 0}),
        ("8: cosine - linear", long["cosine"] - linear, {"below": 2}),
        ("8: WSD - linear", long[WSD] - linear, {"below": 2}),
    )
    return [Finding(what, interval(v), **bounds) for what, v, bounds in found]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test error of each schedule at its best peak, by batch and length."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6), sharex=True)
    for panel, batch in zip(panels, BATCHES, strict=True):
        for i, length in enumerate(LENGTHS):
            ends = [interval(v) for v in _best(scores, batch, i).values()]
            mean, low, high = torch.tensor(ends).T
            rows = torch.arange(len(SHAPES)) + 0.2 * i - 0.1
            panel.hlines(rows, low, high, color=f"C{i}", lw=2)
            panel.plot(mean, rows, "os"[i], color=f"C{i}", label=f"{length} steps")
        panel.set_yticks(range(len(SHAPES)), [s.replace(", ", "\n") for s in SHAPES])
        panel.invert_yaxis()
        panel.set_ylabel(f"batches of {batch}")
    panels[0].legend()
    panels[1].set_xlabel("wrong test digits (%)")
    panels[0].set_title("Smooth decays pay with noise or few steps")
    return fig
