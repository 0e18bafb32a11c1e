"""How many negatives share the push of InfoNCE, by temperature."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

N = 256
TEMPERATURES = torch.logspace(-2, 0, 13)


def _effective(dimension: int) -> list[float]:
    """Exponential of the entropy of the negatives' gradients, mean over the anchors.

    Examples:
        >>> [round(_effective(128)[i]) for i in (0, -1)]
        [2, 254]
    """
    generator = torch.Generator().manual_seed(0)
    unit = F.normalize(torch.randn(N, dimension, generator=generator), dim=1)
    counts = []
    for temperature in TEMPERATURES:
        cosine = (unit @ unit.T).requires_grad_()
        F.cross_entropy(cosine / temperature, torch.arange(N)).backward()
        push = cosine.grad.clamp(min=0).fill_diagonal_(0)
        push = push / push.sum(dim=1, keepdim=True)
        counts.append(torch.special.entr(push).sum(dim=1).exp().mean().item())
    return counts


def figure() -> Figure:
    """Draw the effective number of negatives against the temperature."""
    fig, ax = plt.subplots()
    for dimension in (128, 16):
        ax.plot(TEMPERATURES, _effective(dimension), label=f"{dimension} dimensions")
    for temperature, text in (0.07, "0.07"), (0.1, "0.1"), (0.5, "0.5"):
        ax.axvline(temperature, color="C5", lw=0.8, ls=":")
        ax.annotate(text, (temperature, 258), ha="center", color="C5")
    ax.set(xscale="log", ylim=(0, 275), xlabel="temperature")
    ax.set_ylabel("negatives that share the push")
    ax.legend(loc="center right")
    ax.set_title("The lower the temperature, the fewer negatives push")
    return fig
