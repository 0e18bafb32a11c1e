"""Fine-tuning digits 5 to 9 from digits 0 to 4, and from scratch, by learning rate."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import Adam

from snippets.training.learning_rate.many_runs import many_runs

SEEDS, STEPS, ROWS = 12, 100, (50, 400)
GRID = torch.logspace(-3.5, -0.5, 7)


def _measure() -> tuple[Tensor, Tensor]:
    """Loss of pretraining `(seeds, rates)`; accuracy `(rows, start, seeds, rates)`."""
    rates = GRID * (1 - torch.arange(STEPS) / STEPS)[:, None]
    first = torch.arange(700)
    before = many_runs(Adam, rates, SEEDS, first, classes=5)
    best = before.loss.mean(0).argmin()
    w1, b1, w2 = before.weights
    body = [w[:, :, best, None].expand_as(w) for w in (w1, b1)]
    accuracy = [
        many_runs(Adam, rates, SEEDS, torch.arange(rows), start, classes=-5).accuracy
        for rows in ROWS
        for start in (None, [*body, torch.zeros_like(w2)])
    ]
    return before.loss, torch.stack(accuracy).unflatten(0, (len(ROWS), 2))


def figure() -> Figure:
    """Draw accuracy on the new digits, with 95 % intervals."""
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 5.5))
    before, accuracy = _measure()
    best = GRID[before.mean(0).argmin()].item()
    for ax, found, rows in zip(axes, accuracy, ROWS, strict=True):
        for i, runs in enumerate(found):
            mean, half = runs.mean(0), 2.2 * runs.std(0) / SEEDS**0.5
            label = ("from scratch", "fine-tuned")[i]
            ax.errorbar(
                GRID, 100 * mean, 100 * half, marker="so"[i], color=f"C{i}", label=label
            )
        for rate, text in (best, "pretraining's best"), (best / 10, "a tenth"):
            ax.axvline(rate, color="C5", lw=1, ls=":")
            if ax is axes[0]:
                ax.text(rate * 1.05, 5, text, color="C5", rotation=90, fontsize=9)
        ax.set(xscale="log", ylim=(0, 100), ylabel="accuracy on 5 to 9, %")
        ax.text(0.0003, 90, f"{rows} rows")
    axes[1].legend(loc="lower right")
    axes[1].set_xlabel("peak learning rate of Adam")
    axes[0].set_title("A tenth of the rate is too low here")
    return fig
