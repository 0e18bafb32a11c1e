"""Adam's step against the size of the gradient, for several eps."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

EPSILONS = (1e-8, 1e-5, 1e-3, 1e-1)
SIZES = torch.logspace(-10, 1, 56, dtype=torch.float64)


def _steps(eps: float) -> Tensor:
    """Step / lr of `torch.optim.Adam` under gradients of constant size."""
    weight = nn.Parameter(torch.zeros_like(SIZES))
    weight.grad = SIZES
    optimizer = torch.optim.Adam([weight], lr=1.0, eps=eps)
    optimizer.step()
    return -weight.detach()


def figure() -> Figure:
    """Draw the steps."""
    fig, ax = plt.subplots()
    for i, eps in enumerate(EPSILONS):
        ax.loglog(SIZES, _steps(eps), color=f"C{i}")
        ax.text(eps / 4, 0.3, f"{eps:g}", color=f"C{i}", ha="right")
    ax.text(2e-6, 2.2, "sign of the gradient: step = lr", color="C5")
    ax.text(3e-5, 3e-5, "SGD with\nlr / eps", color="C5")
    ax.set(xlabel="size of the gradient", ylabel="step / lr", ylim=(1e-5, 8))
    ax.set_title("Below eps, Adam is SGD with learning rate lr / eps")
    return fig
