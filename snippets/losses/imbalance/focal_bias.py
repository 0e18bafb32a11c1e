"""The probability that focal loss prefers, against the true one."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.imbalance.focal_loss import focal_loss


def _fitted(true: Tensor, gamma: float) -> Tensor:
    """Find the probability of least expected focal loss, by bisection on the logit.

    Examples:
        >>> _fitted(torch.tensor([0.01, 0.1, 0.5, 0.9]), gamma=2.0)
        tensor([0.1536, 0.3058, 0.5000, 0.6942])
        >>> _fitted(torch.tensor([0.1, 0.9]), gamma=0.0)
        tensor([0.1000, 0.9000])
    """
    low, high = torch.full_like(true, -20), torch.full_like(true, 20)
    for _ in range(40):
        z = ((low + high) / 2).requires_grad_()
        expected = focal_loss(z, true, gamma=gamma, reduction="sum")
        up = torch.autograd.grad(expected, z)[0] > 0
        z = z.detach()
        low, high = torch.where(up, low, z), torch.where(up, z, high)
    return high.sigmoid()


def figure() -> Figure:
    """Draw the fitted probability against the true one for four gammas."""
    true = torch.linspace(0.01, 0.99, 50)
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for gamma in (0.0, 1.0, 2.0, 5.0):
        name = f"gamma {gamma:g}" if gamma else "gamma 0: cross-entropy"
        ax.plot(true, _fitted(true, gamma), label=name)
    ax.legend()
    ax.set(xlabel="true probability", ylabel="fitted probability")
    ax.set_title("Focal loss pulls every probability towards one half")
    return fig
