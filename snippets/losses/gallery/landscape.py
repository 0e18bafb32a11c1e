"""Level lines of a loss over the two weights of the smallest deep network."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor


def _loss(w: Tensor) -> Tensor:
    """MSE of `w[0] * w[1] * x` for target x, where the mean of x**2 is 1."""
    return (w[0] * w[1] - 1) ** 2


def figure() -> Figure:
    """Draw the level lines, and gradient descent from two starts near the saddle.

    Examples:
        >>> origin = torch.zeros(2, requires_grad=True)
        >>> torch.autograd.grad(_loss(origin), origin)[0]
        tensor([0., 0.])
        >>> torch.autograd.functional.hessian(_loss, origin)  # one up, one down
        tensor([[ 0., -2.],
                [-2.,  0.]])
    """
    axis = torch.linspace(-2, 2, 61)
    grid = torch.meshgrid(axis, axis, indexing="xy")
    fig, ax = plt.subplots(figsize=(5.5, 4.6))
    levels = [0.1, 0.5, 0.9, 1.5, 3, 6]
    lines = ax.contour(*grid, _loss(torch.stack(grid)), levels=levels, colors="C0")
    ax.clabel(lines, fmt="%g")
    for color, start in ("C1", (-1.0, 1.01)), ("C2", (-1.0, 0.99)):
        path = [torch.tensor(start)]
        for _ in range(80):
            w = path[-1].clone().requires_grad_()
            (gradient,) = torch.autograd.grad(_loss(w), w)
            path.append(path[-1] - 0.05 * gradient)
        ax.plot(*torch.stack(path).T, ".-", color=color)
    ax.annotate("saddle", (0.08, -0.25))
    ax.set(xlabel="first weight", ylabel="second weight")
    ax.set_title("Starts 0.02 apart part at the saddle, for equal minima")
    return fig
