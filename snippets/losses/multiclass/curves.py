"""Loss and pull against the predicted probability of the target class."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from snippets.losses.multiclass.generalized_cross_entropy import (
    generalized_cross_entropy,
)
from snippets.losses.multiclass.poly_loss import poly_loss

LOSSES = {
    "cross-entropy": F.cross_entropy,
    "poly-1, epsilon 2": poly_loss,
    "generalised, q 0.7": generalized_cross_entropy,
    "generalised, q 1": lambda *a, **k: generalized_cross_entropy(*a, q=1.0, **k),
}


def figure() -> Figure:
    """Draw each loss, and its gradient (from autograd) on the target's logit."""
    p = torch.linspace(0.01, 0.99, 33)
    target = torch.zeros(len(p), dtype=torch.int64)
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for name, loss in LOSSES.items():
        logits = torch.stack([p.logit(), torch.zeros_like(p)], 1).requires_grad_()
        value = loss(logits, target, reduction="none")
        (slope,) = torch.autograd.grad(value.sum(), logits)
        top.plot(p, value.detach(), label=name)
        bottom.plot(p, -slope[:, 0])
    top.set(ylim=(0, 4.2), ylabel="loss")
    top.legend(loc="upper right")
    bottom.set(ylim=(0, 1.3), ylabel="pull on the target's logit")
    bottom.set_xlabel("predicted probability of the target class")
    bottom.annotate("cross-entropy: most at 0", (0.02, 0.46), color="C0")
    bottom.annotate("q 1: none at 0", (0.3, 0.06), color="C3")
    top.set_title("Robust losses let go of labels that look wrong")
    return fig
