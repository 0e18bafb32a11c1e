"""Level lines of the losses that depend on two numbers."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F


def figure() -> Figure:
    """Draw level lines of six losses of two inputs."""
    logits = torch.meshgrid(*[torch.linspace(-3, 3, 31)] * 2, indexing="xy")
    pair = torch.stack(logits, dim=-1)
    first = torch.zeros(pair.shape[:2], dtype=torch.long)
    distances = torch.meshgrid(*[torch.linspace(0, 3, 31)] * 2, indexing="xy")
    zero = torch.zeros(31, 31)
    rates = torch.meshgrid(*[torch.linspace(0.02, 0.98, 31)] * 2, indexing="xy")
    p, q = (torch.stack([rate, 1 - rate], dim=-1) for rate in rates)

    def each(loss, *arguments, **options):
        return loss(*arguments, reduction="none", **options)

    panels = {
        "CrossEntropyLoss": (
            logits,
            each(F.cross_entropy, pair.movedim(2, 1), first),
            "logit of the right class",
            "other logit",
        ),
        "MultiMarginLoss": (
            logits,
            each(F.multi_margin_loss, pair.flatten(0, 1), first.flatten()).view(31, 31),
            "score of the right class",
            "other score",
        ),
        "MarginRankingLoss, margin 1": (
            logits,
            each(F.margin_ranking_loss, *logits, zero + 1, margin=1.0),
            "score that should win",
            "other score",
        ),
        "TripletMarginLoss": (
            distances,
            F.triplet_margin_with_distance_loss(
                zero,
                *distances,
                distance_function=lambda anchor, distance: distance,
                reduction="none",
            ),
            "distance to the positive",
            "to the negative",
        ),
        "GaussianNLLLoss": (
            logits,
            each(F.gaussian_nll_loss, logits[0], zero, logits[1].exp()),
            "error",
            "log variance",
        ),
        "KLDivLoss, 2 classes": (
            rates,
            each(F.kl_div, q.log(), p).sum(dim=-1),
            "target probability",
            "predicted probability",
        ),
    }
    fig, axes = plt.subplots(3, 2, figsize=(5.5, 8.2))
    for ax, (name, (grid, loss, right, up)) in zip(
        axes.flat, panels.items(), strict=True
    ):
        lines = ax.contour(*grid, loss, levels=[0.1, 0.5, 1, 2, 4], colors="C0")
        ax.clabel(lines, fmt="%g")
        ax.set(xlabel=right, ylabel=up)
        ax.set_title(name, fontweight="normal")
    fig.suptitle(
        "Pairs: cross-entropy has no flat land, margins have",
        x=0.02,
        ha="left",
        fontweight="bold",
    )
    return fig
