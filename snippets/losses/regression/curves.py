"""Value and gradient of the symmetric regression losses, Huber's at six deltas."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.regression.log_cosh import log_cosh

DELTAS = (0.2, 0.5, 1.0, 1.5, 2.0, 3.0)


def _curve(loss: Callable[..., Tensor], **options: float) -> tuple[Tensor, ...]:
    """Error, loss and gradient (from autograd) of one sample."""
    half = torch.linspace(0.001, 3, 25)  # close to 0, where L1 jumps
    error = torch.cat([-half.flip(0), half]).requires_grad_()
    value = loss(error, torch.zeros_like(error), reduction="none", **options)
    (slope,) = torch.autograd.grad(value.sum(), error)
    return error.detach(), value.detach(), slope


def figure() -> Figure:
    """Draw losses and gradients against the error, those of a delta as one step."""
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.8))
    losses = {"MSE": F.mse_loss, "L1": F.l1_loss, "log-cosh": log_cosh}
    for color, (name, loss) in zip(("C0", "C1", "C3"), losses.items(), strict=True):
        error, value, slope = _curve(loss)
        top.plot(error, value, color=color, label=name)
        bottom.plot(error, slope, color=color)
    for i, delta in enumerate(DELTAS):
        look = {"gid": f"step {delta:g}", "color": "C2"}
        error, value, slope = _curve(F.huber_loss, delta=delta)
        top.plot(error, value, "-", lw=1.4, label="" if i else "Huber", **look)
        bottom.plot(error, slope, "-", lw=1.4, **look)
        top.text(3.05, value[-1], f"{delta:g}", va="center", **look)
        bottom.text(3.05, delta, f"±{delta:g}", va="center", **look)
    top.set(ylim=(0, 4.7), ylabel="loss")
    top.legend(loc="upper center")
    bottom.set(ylim=(-3, 3), ylabel="gradient", xlabel="error: prediction - target")
    bottom.annotate("MSE grows with the error", (1.05, 2.4), ha="right", color="C0")
    bottom.annotate("L1 is ±1 at every error", (-0.2, 1.15), ha="right", color="C1")
    top.set_title("Only the pull of MSE grows without limit")
    return fig
