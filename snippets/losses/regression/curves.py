"""Value and gradient of the symmetric regression losses."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from snippets.losses.regression.log_cosh import log_cosh


def figure() -> Figure:
    """Draw the loss and its gradient (from autograd) against the error."""
    half = torch.linspace(0.001, 3, 25)  # close to 0, where L1 jumps
    error = torch.cat([-half.flip(0), half])
    losses = {
        "MSE": F.mse_loss,
        "L1": F.l1_loss,
        "Huber, delta 1": F.huber_loss,
        "log-cosh": log_cosh,
    }
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for i, (name, loss) in enumerate(losses.items()):
        e = error.clone().requires_grad_()
        value = loss(e, torch.zeros_like(e), reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), e)
        top.plot(error, value.detach(), label=name)
        bottom.plot(error, slope, color=f"C{i}")
    top.set(ylim=(0, 4.2), ylabel="loss")
    top.legend(loc="upper center")
    bottom.set(ylim=(-3, 3), ylabel="gradient", xlabel="error: prediction - target")
    bottom.annotate("MSE grows with the error", (1.05, 2.4), ha="right", color="C0")
    bottom.annotate("L1 is ±1 at every error", (0.9, 1.2), color="C1")
    top.set_title("Only the pull of MSE grows without limit")
    return fig
