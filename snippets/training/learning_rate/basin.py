"""Loss after training against the learning rate, for five optimizers."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.optim import SGD, Adam, AdamW, RMSprop

from snippets.training.learning_rate.many_runs import many_runs

STEPS, SEEDS = 150, 6
KINDS = {
    "SGD": (SGD, {}, 1e-3),
    "SGD, momentum 0.9": (SGD, {"momentum": 0.9}, 1e-3),
    "RMSprop": (RMSprop, {}, 1e-2),
    "Adam": (Adam, {}, 1e-3),
    "AdamW, weight decay 0.1": (AdamW, {"weight_decay": 0.1}, 1e-3),
}
GRID = torch.logspace(-3, 1, 9)


def _basins() -> dict[str, torch.Tensor]:
    """Validation loss by seed and rate; the rate falls to 0 linearly."""
    fall = (1 - torch.arange(STEPS) / STEPS)[:, None]
    return {
        name: many_runs(kind, GRID * fall, SEEDS, **options).loss
        for name, (kind, options, _) in KINDS.items()
    }


def figure() -> Figure:
    """Draw the basins, with 95 % intervals, torch's defaults and what diverged."""
    fig, axes = plt.subplots(5, sharex=True, figsize=(5.5, 7.5))
    for i, (ax, (name, loss)) in enumerate(zip(axes, _basins().items(), strict=True)):
        log = loss.nan_to_num(1e9).clamp(1e-3, 1e9).log10()
        mean, half = log.mean(0), 2.57 * log.std(0) / SEEDS**0.5  # 95 %
        low, high = 10 ** (mean - half), (10 ** (mean + half)).clamp(max=99)
        ax.fill_between(GRID, low, high, color=f"C{i}", alpha=0.25, lw=0)
        ax.plot(GRID, 10**mean, "o-", color=f"C{i}", ms=4)
        best = 10 ** mean.min()
        good = GRID[10**mean < 1.05 * best]
        ax.axvspan(good[0] / 1.33, good[-1] * 1.33, color=f"C{i}", alpha=0.12, lw=0)
        lost = GRID[10**mean > 6]
        ax.plot(lost, torch.full_like(lost, 4.3), "x", color=f"C{i}", zorder=5)
        ax.plot(KINDS[name][2], 0.2, "^", color=f"C{i}", ms=8)
        ax.text(0.0013, 0.18, name, color=f"C{i}")
        ax.set(xscale="log", yscale="log", ylim=(0.15, 5))
        ax.set_yticks((0.3, 1, 3), ("0.3", "1", "3"))
        ax.minorticks_off()
    axes[2].set_ylabel("validation loss")
    axes[0].set_title("Each optimizer has its basin elsewhere")
    axes[4].set_xlabel("peak learning rate")
    note = "triangle: torch's default, cross: above 6"
    axes[4].text(0.02, 1.9, note, color="C5")
    return fig
