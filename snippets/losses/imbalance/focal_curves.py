"""Value and gradient of the focal loss for six gammas."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.imbalance.focal_loss import focal_loss

GAMMAS = (0.0, 0.5, 1.0, 2.0, 3.0, 5.0)


def figure() -> Figure:
    """Draw loss and gradient of a positive against its margin, a gamma as one step."""
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for i, gamma in enumerate(GAMMAS):
        margin = torch.linspace(-4, 4, 33, requires_grad=True)
        loss = focal_loss(margin, torch.ones(33), gamma=gamma, reduction="none")
        (slope,) = torch.autograd.grad(loss.sum(), margin)
        step = f"step {gamma:g}"
        name = f"gamma {gamma:g}" if gamma else "gamma 0: cross-entropy"
        top.plot(margin.detach(), loss.detach(), label=name, gid=step)
        bottom.plot(margin.detach(), slope, color=f"C{i}", gid=step)
    top.set(ylabel="loss")
    legend = top.legend()
    for gamma, line, text in zip(
        GAMMAS, legend.get_lines(), legend.get_texts(), strict=True
    ):
        line.set_gid(f"step {gamma:g}")
        text.set_gid(f"step {gamma:g}")
    bottom.set(ylabel="gradient", xlabel="margin: the logit, times -1 if negative")
    bottom.annotate("wrong: full pull", (-3.9, -0.65))
    bottom.annotate("easy: none", (1.5, -0.4))
    top.set_title("Focal loss lets go of what is already right")
    return fig
