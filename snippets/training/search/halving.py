"""Does a short run rank the settings as the whole run does? 128 random trials."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.training.search.trials import HIGH, LOW, trials

STEPS, SHORT = 80, (5, 10, 20, 40)


def _measure() -> tuple[Tensor, Tensor]:
    """Rank correlation with the end and best learning rate: (kind, length), 80 last.

    Kinds: the long schedule cut off, and a schedule of the short length. The best rate
    is the middle of those within 0.02 of the highest mean accuracy.
    """
    random = torch.rand(128, 4, generator=torch.Generator().manual_seed(3))
    grid = torch.full((13, 12, 4), 0.5)
    grid[..., 0] = torch.linspace(0.4, 1, 13)[:, None]
    units = torch.cat([random, grid.flatten(0, 1)])
    final = trials(random, STEPS, seed=10)[1]
    agree, best = torch.ones(2, len(SHORT) + 1), torch.empty(2, len(SHORT) + 1)
    for n, steps in enumerate((*SHORT, STEPS)):
        for kind in range(2):
            if kind == 0 or steps < STEPS:
                score = trials(units, steps, (STEPS, steps)[kind])[1]
            agree[kind, n] = _spearman(score[:128], final)
            mean = score[128:].view(13, 12).mean(1)
            middle = grid[mean > mean.max() - 0.02, 0, 0].mean()
            best[kind, n] = LOW[0] * (HIGH[0] / LOW[0]) ** middle
    return agree, best


def _spearman(a: Tensor, b: Tensor) -> Tensor:
    ranks = torch.stack([v.argsort().argsort().float() for v in (a, b)])
    return torch.corrcoef(ranks)[0, 1]


def figure() -> Figure:
    """Draw rank correlation and the learning rate of the best sixteenth."""
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 5.5))
    agree, best = _measure()
    for ax, values in zip(axes, (agree, best), strict=True):
        for i, name in enumerate(("long schedule, cut off", "schedule as short")):
            ax.plot(
                (*SHORT, STEPS), values[i], "os"[i] + "-", color=f"C{i}", label=name
            )
        ax.set(xscale="log")
    axes[0].set(ylim=(0, 1), ylabel="rank correlation\nwith another full run")
    axes[1].set(yscale="log", ylabel="best learning rate")
    axes[1].set_xlabel("steps, of 80")
    axes[1].set_yticks((0.1, 0.2, 0.3), ("0.1", "0.2", "0.3"))
    axes[1].set_xticks((*SHORT, STEPS), [str(s) for s in (*SHORT, STEPS)])
    axes[1].minorticks_off()
    axes[0].legend(loc="lower right")
    axes[0].set_title("Short runs rank well, and want a higher rate")
    return fig
