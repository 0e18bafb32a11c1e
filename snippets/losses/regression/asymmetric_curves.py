"""Value and gradient of the pinball loss and the asymmetric squared error."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.regression.asymmetric_squared_error import (
    asymmetric_squared_error,
)
from snippets.losses.regression.pinball import pinball


def figure() -> Figure:
    """Draw both losses and their gradients at nine to one against the error."""
    error = torch.linspace(-2, 2, 33)
    zero = torch.zeros_like(error)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 4.8))
    for i in range(2):
        e = error.clone().requires_grad_()
        if i == 0:
            value = pinball(e, zero, tau=0.9, reduction="none")
        else:
            value = asymmetric_squared_error(e, zero, 0.9, 0.1, reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), e)
        top.plot(error, value.detach(), color=f"C{i}", ls=("-", "--")[i])
        bottom.plot(error, slope, color=f"C{i}", ls=("-", "--")[i])
    top.set(ylabel="loss")
    top.annotate("asymmetric squared error", (-1.7, 2.9), color="C1")
    top.annotate("pinball", (-1.2, 0.6), ha="right", color="C0")
    bottom.set(ylabel="gradient", xlabel="error: prediction - target")
    bottom.annotate("-0.9", (-1.9, -0.75), color="C0")
    bottom.annotate("+0.1", (2, -0.35), color="C0", ha="right")
    top.set_title("Nine to one: in the slope, or in the curvature")
    return fig
