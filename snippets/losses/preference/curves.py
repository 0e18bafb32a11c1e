"""Loss and pull of DPO, cDPO and IPO against the margin over the reference."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.preference.dpo_loss import dpo_loss
from snippets.losses.preference.ipo_loss import ipo_loss

LOSSES = {
    "DPO, beta 0.1": lambda *logps: dpo_loss(*logps, reduction="none"),
    "DPO, beta 0.5": lambda *logps: dpo_loss(*logps, beta=0.5, reduction="none"),
    "cDPO, 10 % wrong": lambda *logps: dpo_loss(
        *logps, label_smoothing=0.1, reduction="none"
    ),
    "IPO, tau 0.02": lambda *logps: ipo_loss(*logps, tau=0.02, reduction="none"),
}


def _curve(name: str, margin: Tensor) -> tuple[Tensor, Tensor]:
    """Loss and gradient, both in units of their size at margin 0.

    Examples:
        >>> at = torch.tensor([0.0, 22.0, 25.0])
        >>> for name in LOSSES:
        ...     print(name, [round(g, 2) for g in _curve(name, at)[1].tolist()])
        DPO, beta 0.1 [-1.0, -0.2, -0.15]
        DPO, beta 0.5 [-1.0, -0.0, -0.0]
        cDPO, 10 % wrong [-1.0, 0.0, 0.06]
        IPO, tau 0.02 [-1.0, -0.12, 0.0]
    """
    h = torch.cat([torch.zeros(1), margin]).requires_grad_()
    zero = torch.zeros_like(h)
    loss = LOSSES[name](h, zero, zero, zero)
    (slope,) = torch.autograd.grad(loss.sum(), h)
    return (loss / loss[0]).detach()[1:], (slope / slope[0].abs())[1:]


def figure() -> Figure:
    """Draw the four losses and their gradients."""
    margin = torch.linspace(-20, 60, 41)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for i, name in enumerate(LOSSES):
        loss, slope = _curve(name, margin)
        top.plot(margin, loss, color=f"C{i}", ls=("-", "--", "-.", ":")[i], label=name)
        bottom.plot(margin, slope, color=f"C{i}", ls=("-", "--", "-.", ":")[i])
    top.set(ylim=(0, 3), ylabel="loss, at 0 = 1")
    top.legend()
    bottom.set(ylim=(-2.1, 1.5), ylabel="gradient, at 0 = -1")
    bottom.axhline(0, color="C5", lw=0.8, zorder=0)
    bottom.set_xlabel("margin over the reference (nats)")
    top.set_title("DPO never has enough; IPO and cDPO do")
    return fig
