"""The densities behind squared, absolute and Huber error: exp(-loss), normalised."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F


def figure() -> Figure:
    """Draw exp(-loss) / Z over the error on a logarithmic scale, Z by integration.

    Examples:
        Huber's log Z, integrated numerically, agrees with its closed form:

        >>> import math
        >>> grid = torch.linspace(-40, 40, 80_001, dtype=torch.float64)
        >>> huber = F.huber_loss(grid, 0 * grid, reduction="none")
        >>> log_z = torch.trapezoid((-huber).exp(), grid).log().item()
        >>> closed = math.sqrt(2 * math.pi) * math.erf(1 / math.sqrt(2))
        >>> round(log_z, 4), abs(log_z - math.log(closed + 2 * math.exp(-0.5))) < 1e-6
        (1.0731, True)
    """
    grid = torch.linspace(-40, 40, 80_001, dtype=torch.float64)
    shown = grid.abs() <= 6

    def density(each: Tensor) -> Tensor:
        p = (-each).exp()
        return (p / torch.trapezoid(p, grid))[shown]

    zero = torch.zeros_like(grid)
    curves = {
        "½ · squared: Normal": 0.5 * F.mse_loss(grid, zero, reduction="none"),
        "absolute: Laplace": F.l1_loss(grid, zero, reduction="none"),
        "Huber, δ = 1": F.huber_loss(grid, zero, reduction="none"),
    }
    fig, ax = plt.subplots()
    for name, each in curves.items():
        ax.plot(grid[shown], density(each), label=name)
    ax.set(xlabel="error ŷ − y", ylabel="density of the error", yscale="log")
    ax.set_ylim(1e-6, 2)
    ax.set_title("Robust losses believe in large errors")
    ax.legend(loc="lower center")
    return fig
