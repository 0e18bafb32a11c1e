"""Validation loss against the learning rate: Adam, and SGD with momentum."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.optimizers.adam.digits_runs import digits_runs

RATES = 10 ** torch.arange(-4, 1.1, 0.5)
RULES = {"Adam": "adam", "SGD, momentum 0.9": "sgd"}
SEEDS, STEPS = 6, 200


def _losses() -> dict[str, Tensor]:
    """Validation losses `(rate, seed)`; infinite where a run diverged."""
    zero = torch.zeros_like(RATES)
    runs = {
        name: digits_runs(rule, RATES, zero, zero, SEEDS, STEPS)[1]
        for name, rule in RULES.items()
    }
    return {name: loss.nan_to_num(torch.inf) for name, loss in runs.items()}


def figure() -> Figure:
    """Draw the mean over seeds and its interval."""
    fig, ax = plt.subplots()
    for i, (name, loss) in enumerate(_losses().items()):
        loss = loss.clamp(max=9)
        mean, half = loss.mean(1), 2.57 * loss.std(1) / SEEDS**0.5  # 95 %
        ax.plot(RATES, mean, marker="o", color=f"C{i}", label=name)
        ax.fill_between(RATES, mean - half, mean + half, color=f"C{i}", alpha=0.2, lw=0)
    ax.axvline(1e-3, color="C5", lw=1)
    ax.annotate("default", (1.15e-3, 0.55), color="C5")
    ax.set(xscale="log", ylim=(0.4, 3.9), xlabel="peak learning rate")
    ax.set(ylabel="validation cross-entropy")
    ax.legend(loc="upper left")
    ax.set_title("Both have a best learning rate, in different places")
    return fig
