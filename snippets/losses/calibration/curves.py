"""Cross-entropy at six label smoothings against the lead of the true class."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.calibration.label_smoothing import label_smoothing

CLASSES = 10
EPSILONS = (0.0, 0.02, 0.05, 0.1, 0.2, 0.3)


def _loss(lead: Tensor, epsilon: float) -> Tensor:
    """Loss by the lead of the true class over the others, whose logits are 0."""
    logits = torch.nn.functional.pad(lead[:, None], (0, CLASSES - 1))
    target = torch.zeros(len(lead), dtype=torch.int64)
    return label_smoothing(logits, target, epsilon, reduction="none")


def figure() -> Figure:
    """Draw loss, minimum and gradient, those of an epsilon as one step."""
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.2))
    for i, epsilon in enumerate(EPSILONS):
        look = {"color": f"C{i}", "gid": f"step {epsilon:g}"}
        lead = torch.linspace(-1, 12, 40, requires_grad=True)
        loss = _loss(lead, epsilon)
        (slope,) = torch.autograd.grad(loss.sum(), lead)
        name = "0: no minimum"
        if epsilon:
            best = torch.tensor([math.log(1 + CLASSES * (1 - epsilon) / epsilon)])
            least = _loss(best, epsilon)
            name = f"{epsilon:g}: {least.item():.2f} at {best.item():.1f}"
            top.plot(best, least, "o", **look)
        top.plot(lead.detach(), loss.detach(), **look)
        top.text(12.2, loss[-1].item(), name, va="center", **look)
        bottom.plot(lead.detach(), slope, **look)
    bottom.axhline(0, color="C5", lw=0.8)
    bottom.text(5.5, -0.22, "below 0: pulls the logit up")
    top.text(12.2, 3.6, "epsilon: least, at")
    top.set(ylim=(-0.1, 3.6), ylabel="loss (nats)")
    bottom.set(ylabel="gradient", xlabel="logit of the true class minus the other nine")
    top.set_title("A smoothed loss stops pulling at a finite lead")
    return fig
