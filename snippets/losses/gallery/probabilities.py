"""Value and derivative of the losses of a probability."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from snippets.losses.gallery.value_and_slope import value_and_slope

LOSSES = {
    "BCELoss, NLLLoss of log p": lambda p: F.binary_cross_entropy(
        p, torch.ones_like(p), reduction="none"
    ),
    "MSELoss": lambda p: F.mse_loss(p, torch.ones_like(p), reduction="none"),
    "generalised CE, q 0.7": lambda p: (1 - p**0.7) / 0.7,
}


def figure() -> Figure:
    """Draw each loss and its derivative against the right class's probability."""
    probability = torch.linspace(0.02, 0.98, 40)
    fig, axes = plt.subplots(3, 1, sharex=True, sharey=True, figsize=(5.5, 6))
    for ax, (name, loss) in zip(axes, LOSSES.items(), strict=True):
        value, slope = value_and_slope(loss, probability)
        ax.plot(probability, value, label="loss")
        ax.plot(probability, slope, "--", label="derivative")
        ax.set(ylim=(-8, 4))
        ax.set_title(name, fontweight="normal")
    axes[0].legend(loc="lower right")
    axes[-1].set_xlabel("probability of the right class")
    fig.suptitle(
        "Only the logarithm punishes confident errors without limit",
        x=0.02,
        ha="left",
        fontweight="bold",
    )
    return fig
