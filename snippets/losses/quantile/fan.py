"""Nine quantiles of one small network, free and with cumulative increments."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.quantile.crossing import _data, _fit
from snippets.losses.quantile.non_crossing_quantiles import non_crossing_quantiles

LEVELS = [i / 10 for i in range(1, 10)]


def figure() -> Figure:
    """Draw the nine curves over the 30 training points."""
    x, y = _data(1, 30, torch.Generator().manual_seed(4))
    grid = torch.linspace(-2, 2, 41).view(1, -1, 1)
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.5, 5.4))
    heads = {
        "free outputs": lambda raw: raw,
        "cumulative softplus": non_crossing_quantiles,
    }
    for i, (ax, (name, head)) in enumerate(zip(axes, heads.items(), strict=True)):
        curves = _fit(x, y, LEVELS, head, steps=300)(grid).detach()[0]
        ax.plot(x.flatten(), y.flatten(), "o", ms=3, color="C5", ls="")
        for curve in curves.T:
            ax.plot(grid.flatten(), curve, color=f"C{i}", ls="-", lw=1)
        ax.text(0.02, 0.93, name, color=f"C{i}", transform=ax.transAxes)
        ax.set(ylabel="target", ylim=(-2.4, 3))
    axes[1].set_xlabel("input")
    axes[0].set_title("Free quantiles cross, stacked increments cannot")
    return fig
