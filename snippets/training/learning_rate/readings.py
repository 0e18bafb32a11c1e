"""What three rules read off range tests of three lengths, against the best rate."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import SGD, Adam

from snippets.training.learning_rate.many_runs import many_runs
from snippets.training.learning_rate.suggest_lr import suggest_lr

SEEDS, STEPS, LENGTHS = 8, 120, (30, 100, 300)
RULES = "steepest", "minimum", "valley"
KINDS = {
    "SGD": (SGD, {}, torch.logspace(-2, 1, 9)),
    "SGD, momentum 0.9": (SGD, {"momentum": 0.9}, torch.logspace(-2.5, 0.5, 9)),
    "Adam": (Adam, {}, torch.logspace(-3, 0, 9)),
}


def _measure(low: float = -5) -> dict[str, tuple[Tensor, Tensor, Tensor]]:
    """Best rate, and readings and points of accuracy lost by rule, length and seed."""
    results = {}
    for name, (kind, options, grid) in KINDS.items():
        fall = (1 - torch.arange(STEPS) / STEPS)[:, None]
        runs = many_runs(kind, grid * fall, SEEDS, **options)
        best = runs.loss.nan_to_num(99).mean(0).argmin()
        read = torch.empty(len(RULES), len(LENGTHS), SEEDS)
        for n, length in enumerate(LENGTHS):
            ramp = torch.logspace(low, 1.5, length)
            train = many_runs(kind, ramp[:, None], SEEDS, **options).train[..., 0]
            for seed in range(SEEDS):
                losses = train[:, seed].tolist()
                smooth, lowest = losses[0], losses[0]
                end = 0
                for loss in losses:  # until `lr_range_test` would stop
                    end += 1
                    smooth = 0.9 * smooth + 0.1 * loss
                    lowest = min(lowest, smooth)
                    if not smooth <= 4 * lowest:
                        break
                test = ramp[:end].tolist(), losses[:end]
                for r, rule in enumerate(RULES):
                    read[r, n, seed] = suggest_lr(*test, rule)
        near = (read.log()[..., None] - grid.log()).abs().argmin(-1)
        lost = runs.accuracy[:, best] - runs.accuracy[torch.arange(SEEDS), near]
        results[name] = grid[best], read, 100 * lost
    return results


def figure() -> Figure:
    """Draw the readings relative to the best rate: middle and range of the seeds."""
    fig, axes = plt.subplots(3, sharex=True, figsize=(5.5, 6))
    for ax, (name, (best, read, _)) in zip(axes, _measure().items(), strict=True):
        ax.axvspan(1 / 3, 3, color="C5", alpha=0.15, lw=0)
        ax.axvline(1, color="C5", lw=1)
        for n in range(len(LENGTHS)):
            ratio = (read[:, n] / best).sort(1).values
            y = torch.arange(3) + (n - 1) * 0.22
            ax.hlines(y, ratio[:, 0], ratio[:, -1], color=f"C{n}", lw=2)
            middle = ratio[:, SEEDS // 2]
            label = f"{LENGTHS[n]} steps"
            ax.plot(middle, y, "os^"[n], color=f"C{n}", label=label)
        ax.set(xscale="log", xlim=(0.01, 10), ylim=(2.5, -0.5), ylabel=name)
        ax.set_yticks(range(3), ("steepest", "minimum\n/ 10", "valley"))
    axes[0].set_title("A range test finds the decade")
    axes[2].set_xlabel("rate that the rule reads / best rate of the grid")
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncol=3)
    return fig
