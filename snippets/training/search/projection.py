"""Sixteen trials on a grid, at random and from Sobol, by the setting that matters."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.quasirandom import SobolEngine


def _points() -> dict[str, torch.Tensor]:
    """Units of learning rate and of a second setting that does nothing, `(16, 2)`."""
    quarter = (torch.arange(4) + 0.5) / 4
    return {
        "grid": torch.cartesian_prod(quarter, quarter),
        "random": torch.rand(16, 2, generator=torch.Generator().manual_seed(3)),
        "Sobol": SobolEngine(2, scramble=True, seed=0).draw(16),
    }


def _loss(unit: torch.Tensor) -> torch.Tensor:
    """A basin over four decades, lowest at 10^-1.5, about one decade wide."""
    return 0.3 + 0.5 * (4 * unit - 2.5) ** 2


def figure() -> Figure:
    """Draw the basin, and below it the trials by learning rate and second setting."""
    fig, (ax, below) = plt.subplots(
        2, sharex=True, figsize=(5.5, 5.5), height_ratios=[2, 3]
    )
    x = torch.linspace(0, 1, 200)
    ax.plot(10 ** (4 * x - 4), _loss(x), color="C5")
    for i, (name, units) in enumerate(_points().items()):
        lr = 10 ** (4 * units[:, 0] - 4)
        below.plot(lr, units[:, 1] - 1.5 * i, "os^"[i], color=f"C{i}", ms=4)
        count = len(units[:, 0].unique())
        text = f"{name}: {count} rates"
        below.text(1.2e-4, 1.06 - 1.5 * i, text, color=f"C{i}", va="bottom")
        best = _loss(units[:, 0]).argmin()
        ax.plot(lr[best], _loss(units[best, 0]), "os^"[i], color=f"C{i}", ms=8)
    ax.set(xscale="log", ylim=(0, 2), ylabel="loss")
    below.set(yticks=[], ylim=(-3.1, 1.45), ylabel="a setting that does nothing")
    below.set_xlabel("learning rate")
    ax.set_title("16 trials on a grid try 4 learning rates")
    return fig
