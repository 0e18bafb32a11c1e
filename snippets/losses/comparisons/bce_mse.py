"""Loss and gradient of BCE and of MSE on a probability, for target 0."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F


def figure() -> Figure:
    """Draw both losses against the probability, and their pull on the logit."""
    probability = torch.linspace(0.005, 0.995, 100)
    logit = probability.logit().requires_grad_()
    zero = torch.zeros(100)
    losses = {
        "BCE": F.binary_cross_entropy_with_logits(logit, zero, reduction="none"),
        "MSE of the sigmoid": F.mse_loss(logit.sigmoid(), zero, reduction="none"),
    }
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for name, loss in losses.items():
        (slope,) = torch.autograd.grad(loss.sum(), logit)
        top.plot(probability, loss.detach(), label=name)
        bottom.plot(probability, slope, label=name)
    top.set(ylabel="loss", title="MSE stops pulling where the mistake is worst")
    top.legend(loc="upper left")
    bottom.set(xlabel="predicted probability, target 0", ylabel="gradient in the logit")
    bottom.annotate("BCE: p", (0.5, 0.62), color="C0")
    bottom.annotate("MSE: back to 0", (0.72, 0.1), color="C1")
    return fig
