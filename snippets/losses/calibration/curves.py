"""Cross-entropy with and without label smoothing against the lead of the true class."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.calibration.label_smoothing import label_smoothing

CLASSES = 10


def figure() -> Figure:
    """Draw the loss and its gradient when all other logits are 0, with the minima."""
    lead = torch.linspace(-2, 12, 36)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 4.8))
    for i, epsilon in enumerate((0.0, 0.1, 0.2)):
        z = lead.clone().requires_grad_()
        logits = torch.nn.functional.pad(z[:, None], (0, CLASSES - 1))
        target = torch.zeros(len(z), dtype=torch.int64)
        loss = label_smoothing(logits, target, epsilon, reduction="none")
        (slope,) = torch.autograd.grad(loss.sum(), z)
        top.plot(lead, loss.detach(), color=f"C{i}", label=f"epsilon {epsilon:g}")
        bottom.plot(lead, slope, color=f"C{i}")
        if epsilon:
            best = math.log(1 + CLASSES * (1 - epsilon) / epsilon)
            logits = torch.tensor([[best] + [0.0] * (CLASSES - 1)])
            least = label_smoothing(logits, target[:1], epsilon)
            top.plot(best, least, "o", color=f"C{i}")
    bottom.axhline(0, color="C5", lw=0.8)
    bottom.text(6.5, -0.22, "below 0: pulls the logit up")
    top.set(ylim=(0, 4.5), ylabel="loss (nats)")
    top.legend(loc="upper right")
    bottom.set(ylabel="gradient", xlabel="logit of the true class minus the other nine")
    top.set_title("A smoothed loss stops pulling at a finite lead")
    return fig
