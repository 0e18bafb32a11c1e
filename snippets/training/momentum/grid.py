"""The best learning rate falls as momentum rises: a grid over both."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import SGD

from snippets.optimizers.sgd.sgd_or_adam import _train

MOMENTA = (0.0, 0.5, 0.9, 0.95, 0.99)
RATES = [10 ** (k / 2) for k in range(-5, 3)]  # 0.003 to 10
RUNS, STEPS = 8, 80


def _losses() -> Tensor:
    """Validation loss by momentum, learning rate and run."""
    trials = [(SGD, {"lr": lr, "momentum": m}) for m in MOMENTA for lr in RATES]
    return _train(trials, RUNS, STEPS, batch=32)[0].view(len(MOMENTA), len(RATES), -1)


def figure() -> Figure:
    """Draw the loss against the learning rate, and against lr / (1 - momentum)."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.4), sharey=True)
    losses = _losses()
    mean, half = losses.mean(2), 2.36 * losses.std(2) / RUNS**0.5  # 95 %
    half = half.where(mean < 2.4, 0)  # no interval for runs that diverge
    for i, m in enumerate(MOMENTA):
        for ax, scale in zip(axes, (1, 1 / (1 - m)), strict=True):
            x = [lr * scale for lr in RATES]
            ax.plot(x, mean[i], "o-", ms=3, color=f"C{i}", label=f"momentum {m:g}")
            low, high = mean[i] - half[i], mean[i] + half[i]
            ax.fill_between(x, low, high, color=f"C{i}", alpha=0.2, lw=0)
    for ax in axes:
        ax.set(xscale="log", ylabel="validation loss", ylim=(0.3, 2.5))
    axes[0].legend(loc="lower left", fontsize=9)
    axes[0].set(xlabel="learning rate", xlim=(2e-3, 5))
    axes[0].set_title("More momentum, smaller best learning rate")
    axes[1].set(xlabel="learning rate / (1 − momentum)", xlim=(2e-3, 300))
    axes[1].set_title("In units of lr / (1 − m), one curve")
    return fig
