"""Value and derivative of every loss of a margin, on the same axes."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.binary.hinge_loss import hinge_loss
from snippets.losses.gallery.value_and_slope import value_and_slope
from snippets.losses.imbalance.focal_loss import focal_loss


def _two_logits(margin: Tensor) -> Tensor:
    return torch.stack([margin, torch.zeros_like(margin)], dim=1)


def _first(margin: Tensor) -> Tensor:
    return torch.zeros(len(margin), dtype=torch.long)


LOSSES = {
    "BCEWithLogitsLoss": lambda m: F.binary_cross_entropy_with_logits(
        m, torch.ones_like(m), reduction="none"
    ),
    "SoftMarginLoss": lambda m: torch.stack(
        [F.soft_margin_loss(x, torch.ones_like(x)) for x in m]
    ),
    "CrossEntropyLoss, 2 classes": lambda m: F.cross_entropy(
        _two_logits(m), _first(m), reduction="none"
    ),
    "MultiMarginLoss, 2 classes": lambda m: F.multi_margin_loss(
        _two_logits(m), _first(m), reduction="none"
    ),
    "hinge": lambda m: hinge_loss(m, torch.ones_like(m), reduction="none"),
    "squared hinge": lambda m: hinge_loss(
        m, torch.ones_like(m), squared=True, reduction="none"
    ),
    "focal, gamma 2": lambda m: focal_loss(m, torch.ones_like(m), reduction="none"),
    "BCELoss of a sigmoid": lambda m: F.binary_cross_entropy(
        m.sigmoid(), torch.ones_like(m), reduction="none"
    ),
}


def figure() -> Figure:
    """Draw each loss and its derivative against the margin from -4 to 4."""
    margin = torch.linspace(-4, 4, 48)  # no point on a kink
    fig, axes = plt.subplots(4, 2, sharex=True, sharey=True, figsize=(5.5, 8.2))
    for ax, (name, loss) in zip(axes.flat, LOSSES.items(), strict=True):
        value, slope = value_and_slope(loss, margin)
        ax.plot(margin, value, label="loss")
        ax.plot(margin, slope, "--", label="derivative")
        ax.set(ylim=(-2.2, 5))
        ax.set_title(name, fontweight="normal")
    axes[0, 0].legend(loc="upper right")
    fig.supxlabel("margin: the logit, counted towards the right class")
    fig.suptitle(
        "Losses of a margin: only focal lets go of what is half right",
        x=0.02,
        ha="left",
        fontweight="bold",
    )
    return fig
