"""The probability that each segmentation loss prefers, against the true one."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.segmentation.dice_loss import dice_loss

LOSSES = {
    "CE": F.binary_cross_entropy_with_logits,
    "CE + Dice": lambda z, y: (
        F.binary_cross_entropy_with_logits(z, y) + dice_loss(z, y)
    ),
    "Dice, squared areas": lambda z, y: dice_loss(z, y, squared=True),
    "Dice": dice_loss,
}
TRUE = torch.linspace(0.05, 0.95, 19)


def _fitted(loss) -> Tensor:
    """Fit one logit to each group of 20 pixels, a share `TRUE` of them foreground.

    Examples:
        >>> for loss in LOSSES.values():
        ...     print(*(f"{p:.2f}" for p in _fitted(loss)[[3, 7, 15]]))
        0.20 0.40 0.80
        0.16 0.43 0.89
        0.25 0.50 0.99
        0.00 1.00 1.00
    """
    target = ((torch.arange(20) + 0.5) / 20 < TRUE[:, None]).float()
    logit = torch.zeros(len(TRUE), 1, requires_grad=True)
    optimizer = torch.optim.Adam([logit], lr=0.3)
    for _ in range(200):
        optimizer.zero_grad()
        loss(logit.expand_as(target).reshape(1, -1), target.view(1, -1)).backward()
        optimizer.step()
    return logit.detach().sigmoid().squeeze(1)


def figure() -> Figure:
    """Draw the fitted probability against the share of foreground."""
    fig, ax = plt.subplots()
    for name, loss in LOSSES.items():
        ax.plot(TRUE, _fitted(loss), label=name)
    ax.legend(loc="lower right")
    ax.set(xlabel="share of foreground where the input looks the same")
    ax.set_ylabel("fitted probability")
    ax.set_title("Dice answers 0 or 1 where the truth is in between")
    return fig
