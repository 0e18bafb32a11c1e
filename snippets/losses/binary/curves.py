"""Binary cross-entropy and its gradient for the logit, against the probability."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F


def figure() -> Figure:
    """Draw the loss and its gradient (from autograd) against p, for both targets."""
    p = torch.cat([torch.tensor([0.002, 0.01]), torch.linspace(0.03, 0.97, 24)])
    p = torch.cat([p, torch.tensor([0.99, 0.998])])
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.2))
    for label in (0, 1):
        z = p.logit().requires_grad_()
        target = torch.full_like(p, label)
        value = F.binary_cross_entropy_with_logits(z, target, reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), z)
        top.plot(p, value.detach(), color=f"C{label}", ls=("-", "--")[label])
        bottom.plot(p, slope, color=f"C{label}", ls=("-", "--")[label])
    top.set(ylabel="loss", ylim=(0, 6.4))
    top.annotate("target 1", (0.04, 4), color="C1")
    top.annotate("target 0", (0.96, 4), ha="right", color="C0")
    bottom.set(ylabel="gradient for the logit", xlabel="predicted probability p")
    bottom.annotate("target 0: p", (0.3, 0.5), ha="right", color="C0")
    bottom.annotate("target 1: p - 1", (0.7, -0.55), color="C1")
    top.set_title("The farther from the target, the higher the loss, without limit")
    return fig
