"""Value and derivative of every loss of an error, on the same axes."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.gallery.value_and_slope import value_and_slope
from snippets.losses.regression.asymmetric_squared_error import (
    asymmetric_squared_error,
)
from snippets.losses.regression.log_cosh import log_cosh
from snippets.losses.regression.pinball import pinball


def _gaussian(prediction: Tensor, target: Tensor, reduction: str) -> Tensor:
    variance = torch.full_like(target, 0.25)
    return F.gaussian_nll_loss(prediction, target, variance, reduction=reduction)


LOSSES = {
    "MSELoss": (F.mse_loss, {}),
    "L1Loss": (F.l1_loss, {}),
    "HuberLoss, delta 0.5": (F.huber_loss, {"delta": 0.5}),
    "SmoothL1Loss, beta 0.5": (F.smooth_l1_loss, {"beta": 0.5}),
    "log-cosh": (log_cosh, {}),
    "pinball, quantile 0.9": (pinball, {"tau": 0.9}),
    "asymmetric squared, 9 : 1": (asymmetric_squared_error, {"under": 9, "over": 1}),
    "GaussianNLLLoss, var 0.25": (_gaussian, {}),
}


def figure() -> Figure:
    """Draw each loss and its derivative against the error from -3 to 3."""
    half = torch.linspace(0.001, 3, 22)  # close to 0, where some derivatives jump
    error = torch.cat([-half.flip(0), half])
    fig, axes = plt.subplots(4, 2, sharex=True, sharey=True, figsize=(5.5, 8.2))
    for ax, (name, (loss, options)) in zip(axes.flat, LOSSES.items(), strict=True):
        value, slope = value_and_slope(
            lambda e, loss=loss, options=options: loss(
                e, torch.zeros_like(e), reduction="none", **options
            ),
            error,
        )
        ax.plot(error, value, label="loss")
        ax.plot(error, slope, "--", label="derivative")
        ax.set(ylim=(-3.2, 5))
        ax.set_title(name, fontweight="normal")
    axes[0, 0].legend(loc="lower right")
    fig.supxlabel("error: prediction - target")
    fig.suptitle(
        "Losses of an error: how far up, how hard the pull",
        x=0.02,
        ha="left",
        fontweight="bold",
    )
    return fig
