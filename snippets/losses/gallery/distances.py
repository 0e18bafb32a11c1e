"""Value and derivative of the losses of a distance, a cosine or a difference."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.gallery.value_and_slope import value_and_slope


def _cosine(cosine: Tensor, sign: int) -> Tensor:
    """Two unit vectors with that cosine."""
    other = torch.stack([cosine, (1 - cosine**2).sqrt()], dim=1)
    axis = torch.tensor([[1.0, 0.0]]).expand(len(cosine), 2)
    target = torch.full((len(cosine),), sign)
    return F.cosine_embedding_loss(axis, other, target, margin=0.0, reduction="none")


def _hinge(distance: Tensor, sign: int) -> Tensor:
    target = torch.full_like(distance, sign)
    return F.hinge_embedding_loss(distance, target, reduction="none")


def _triplet(difference: Tensor) -> Tensor:
    """Distances 2 + difference to the positive, and 2 to the negative."""
    zero = torch.zeros(len(difference), 1)
    positive = (2 + difference)[:, None]
    return F.triplet_margin_loss(zero, positive, zero + 2, reduction="none")


def _ranking(difference: Tensor) -> Tensor:
    target = torch.ones_like(difference)
    zero = torch.zeros_like(difference)
    return F.margin_ranking_loss(difference, zero, target, margin=0.5, reduction="none")


def figure() -> Figure:
    """Draw each loss and its derivative against what it depends on."""
    distance = torch.linspace(0.02, 2, 40)
    cosine = torch.linspace(-0.99, 0.99, 40)
    difference = torch.linspace(-1.9, 1.9, 40)
    panels = {
        "HingeEmbeddingLoss, same": (distance, lambda d: _hinge(d, 1), "distance"),
        "HingeEmbeddingLoss, other": (distance, lambda d: _hinge(d, -1), "distance"),
        "CosineEmbeddingLoss, same": (cosine, lambda c: _cosine(c, 1), "cosine"),
        "CosineEmbeddingLoss, other": (cosine, lambda c: _cosine(c, -1), "cosine"),
        "TripletMarginLoss": (difference, _triplet, "positive - negative distance"),
        "MarginRankingLoss, margin 0.5": (difference, _ranking, "score difference"),
    }
    fig, axes = plt.subplots(3, 2, sharey=True, figsize=(5.5, 7.4))
    for ax, (name, (points, loss, label)) in zip(
        axes.flat, panels.items(), strict=True
    ):
        value, slope = value_and_slope(loss, points)
        ax.plot(points, value, label="loss")
        ax.plot(points, slope, "--", label="derivative")
        ax.set(ylim=(-1.4, 3.4), xlabel=label)
        ax.set_title(name, fontweight="normal")
    axes[0, 0].legend(loc="lower right")
    fig.suptitle(
        "Losses of a distance: flat once the margin is kept",
        x=0.02,
        ha="left",
        fontweight="bold",
    )
    return fig
