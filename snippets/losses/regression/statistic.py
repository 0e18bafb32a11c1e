"""The statistic that each regression loss estimates, on one skewed sample."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.regression.asymmetric_squared_error import (
    asymmetric_squared_error,
)
from snippets.losses.regression.log_cosh import log_cosh
from snippets.losses.regression.pinball import pinball

LOSSES = {
    "L1: median": F.l1_loss,
    "Huber(1)": F.huber_loss,
    "log-cosh": log_cosh,
    "Huber(3)": lambda p, t: F.huber_loss(p, t, delta=3.0),
    "MSE: mean": F.mse_loss,
    "asymmetric 9:1: expectile": lambda p, t: asymmetric_squared_error(p, t, 9.0),
    "pinball 0.9: quantile": lambda p, t: pinball(p, t, 0.9),
}
DISTRIBUTION = torch.distributions.Exponential(0.5)
SAMPLE = DISTRIBUTION.icdf((torch.arange(2001, dtype=torch.float64) + 0.5) / 2001)


def _minimiser(loss, values: Tensor) -> float:
    """Find the constant prediction of least loss, by bisection on its gradient.

    Examples:
        >>> [round(_minimiser(loss, SAMPLE), 2) for loss in LOSSES.values()]
        [1.39, 1.47, 1.54, 1.82, 2.0, 4.08, 4.6]
        >>> round((SAMPLE < 4.08).double().mean().item(), 2)
        0.87
    """
    low, high = values.min(), values.max()
    for _ in range(40):
        middle = ((low + high) / 2).requires_grad_()
        (slope,) = torch.autograd.grad(loss(middle.expand_as(values), values), middle)
        low, high = (low, middle) if slope > 0 else (middle, high)
        low, high = low.detach(), high.detach()
    return high.item()


def figure() -> Figure:
    """Draw the density of the sample and the minimiser of each loss below it."""
    x = torch.linspace(0, 6, 40)
    fig, (top, bottom) = plt.subplots(
        2, sharex=True, figsize=(5.5, 4.6), height_ratios=(1, 2)
    )
    density = DISTRIBUTION.log_prob(x).exp()
    top.fill_between(x, density, color="C5", alpha=0.4, lw=0)
    top.set(yticks=[], ylabel="density", xlim=(0, 6), ylim=(0, None))
    for row, (name, loss) in enumerate(LOSSES.items()):
        best = _minimiser(loss, SAMPLE)
        side = 1 if best < 4 else -1
        bottom.plot(best, -row, "o", color="C0")
        bottom.annotate(
            f"{name} {best:.2f}",
            (best, -row),
            xytext=(8 * side, 0),
            textcoords="offset points",
            ha="left" if side > 0 else "right",
            va="center",
        )
    bottom.set(yticks=[], xlabel="constant prediction of least loss")
    top.set_title("The loss decides which statistic you predict")
    return fig
