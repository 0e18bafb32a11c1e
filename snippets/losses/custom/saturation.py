"""Value and gradient of four versions of binary cross-entropy at a wrong logit."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.custom.copied_binary import VERSIONS

LINES = ["custom", "`F.bce(p, y)`", "clamp, log"]


def figure() -> Figure:
    """Draw the loss and the gradient of a negative against its logit."""
    z = torch.linspace(-5, 30, 141)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.2))
    for name in LINES:
        x = z.clone().requires_grad_()
        value = VERSIONS[name](x, torch.zeros_like(x))
        (slope,) = torch.autograd.grad(value.sum(), x)
        top.plot(z, value.detach())
        bottom.plot(z, slope)
    top.annotate("from logits", (29, 36), color="C0", ha="right")
    top.annotate("F.binary_cross_entropy", (16, 85), color="C1", ha="right")
    top.annotate("clamp, then log", (29, 6), color="C2", ha="right")
    bottom.annotate("from logits", (29, 0.92), color="C0", ha="right", va="top")
    bottom.annotate("both through p", (29, 0.06), color="C2", ha="right")
    top.set(ylabel="loss")
    bottom.set(ylabel="gradient", xlabel="logit of a negative (y = 0)")
    top.set_title("Through p, the worst mistakes stop teaching")
    return fig
