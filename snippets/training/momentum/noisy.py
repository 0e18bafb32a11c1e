"""Batches of four: momentum of SGD and beta1 of Adam, each at its best rate."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import SGD, Adam

from snippets.optimizers.sgd.sgd_or_adam import _train

MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
RATES = {SGD: (0.01, 0.03, 0.1, 0.3, 1), Adam: (0.01, 0.03, 0.1)}
RUNS, STEPS, BATCH = 8, 120, 4


def _losses(kind: type) -> Tensor:
    """Validation loss by momentum, learning rate and run."""
    trials = []
    for m in MOMENTA:
        for lr in RATES[kind]:
            more = {"momentum": m} if kind is SGD else {"betas": (m, 0.999)}
            trials.append((kind, {"lr": lr, **more}))
    found = _train(trials, RUNS, STEPS, BATCH)[0]
    return found.view(len(MOMENTA), len(RATES[kind]), RUNS)


def figure() -> Figure:
    """Draw the loss against the momentum: tuned, and at the rate that suits 0.9."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.2), sharex=True, sharey=True)
    names = "SGD: momentum", "Adam: beta1"
    for ax, kind, name in zip(axes, RATES, names, strict=True):
        losses = _losses(kind).nan_to_num(posinf=1e9)
        mean = losses.mean(2)
        best = mean.argmin(1)
        fixed = best[MOMENTA.index(0.9)].expand(len(MOMENTA))
        label = f"lr {RATES[kind][fixed[0]]:g}, best for 0.9"
        rows = torch.arange(len(MOMENTA))
        for i, (pick, text) in enumerate(
            ((best, "each at its best lr"), (fixed, label))
        ):
            run = losses[rows, pick]
            half = 2.36 * run.std(1) / RUNS**0.5  # 95 %
            ax.errorbar(
                rows + 0.06 * i, run.mean(1), half, fmt="o-", capsize=3, label=text
            )
        ax.legend(loc="upper center")
        ax.set(ylabel="validation loss", ylim=(0.3, 2))
        ax.set_title(name)
    axes[1].set_xticks(range(len(MOMENTA)), [f"{m:g}" for m in MOMENTA])
    return fig
