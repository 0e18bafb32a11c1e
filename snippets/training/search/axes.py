"""Test accuracy of 512 random trials against each of four settings."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.training.search.trials import HIGH, LOW, NAMES, trials

BINS = 8


def _measure() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Units `(512, 4)`, test accuracy, and share of its variance by each setting."""
    units = torch.rand(512, 4, generator=torch.Generator().manual_seed(1))
    score = trials(units)[1]
    shares = []
    for unit in units.T:
        groups = [score[(unit * BINS).long() == k] for k in range(BINS)]
        within = sum((g - g.mean()).square().sum() for g in groups) / (512 - BINS)
        shares.append(1 - within / score.var())
    return units, score, torch.stack(shares)


def figure() -> Figure:
    """Draw a quarter of the trials by each setting, and the best of every bucket."""
    fig, axes = plt.subplots(2, 2, sharey=True, figsize=(5.5, 5.5))
    units, score, shares = _measure()
    for i, ax in enumerate(axes.flat):
        x = LOW[i] * (HIGH[i] / LOW[i]) ** units[:, i]
        ax.plot(x[::4], 100 * score[::4], ".", color="C5", ms=3)
        bucket = (units[:, i] * BINS).long()
        best = [score.where(bucket == k, -1).argmax().item() for k in range(BINS)]
        ax.plot(x[best], 100 * score[best], "o-", color=f"C{i}", ms=4)
        ax.set(xscale="log", xlabel=NAMES[i], ylim=(0, 100))
        ax.set_title(f"explains {100 * shares[i].clamp(min=0):.0f} %")
        ax.minorticks_off()
    axes[0, 1].set_xticks((0.02, 0.1, 0.5), ("0.02", "0.1", "0.5"))
    axes[1, 1].set_xticks((0.01, 0.1), ("0.01", "0.1"))
    for ax in axes[:, 0]:
        ax.set_ylabel("test accuracy, %")
    fig.suptitle("The learning rate decides")
    return fig
