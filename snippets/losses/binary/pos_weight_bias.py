"""The probability that is fitted under pos_weight, against the true one."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F


def _fitted(rate: Tensor, weight: float) -> Tensor:
    """Find the probability of least loss for each rate, by bisection on the gradient.

    Examples:
        >>> rate = torch.tensor([0.1, 0.25, 0.5])
        >>> _fitted(rate, 3.0)
        tensor([0.2500, 0.5000, 0.7500])
    """
    low, high = torch.full_like(rate, -20), torch.full_like(rate, 20)
    for _ in range(40):
        z = ((low + high) / 2).requires_grad_()
        loss = F.binary_cross_entropy_with_logits(
            z, rate, pos_weight=torch.tensor(float(weight)), reduction="sum"
        )
        (slope,) = torch.autograd.grad(loss, z)
        z = z.detach()
        low, high = torch.where(slope > 0, low, z), torch.where(slope > 0, z, high)
    return low.sigmoid()


def figure() -> Figure:
    """Draw the fitted against the true probability for four weights."""
    rate = torch.cat([torch.tensor([0.002, 0.01, 0.025]), torch.linspace(0.05, 1, 20)])
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    labels = {1: (0.72, 0.62), 3: (0.46, 0.6), 10: (0.21, 0.61), 100: (0.08, 0.8)}
    for i, (weight, place) in enumerate(labels.items()):
        ax.plot(rate, _fitted(rate.clamp(max=0.999), weight))
        name = f"pos_weight {weight}" if i == 0 else str(weight)
        ax.annotate(name, place, color=f"C{i}")
    ax.axhline(0.5, color="C5", lw=1, ls="-")
    ax.set(xlabel="true probability", ylabel="fitted probability", ylim=(0, 1.05))
    ax.set_title("pos_weight lifts every probability between 0 and 1")
    return fig
