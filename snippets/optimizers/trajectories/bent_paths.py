"""Paths of four optimizers on the Rosenbrock function at three shared rates."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.surface import surface

RATES = [0.001, 0.03, 1.0]
SHOWN = "momentum 0.9", "Adam", "Rprop", "LBFGS"
STEPS = 100


def figure() -> Figure:
    """Draw a panel for each rate."""
    fig, axes = plt.subplots(3, figsize=(5.5, 8), sharex=True)
    loss, start = surface("rosenbrock")
    grid = torch.meshgrid(
        torch.linspace(-2, 2, 33), torch.linspace(-0.8, 1.8, 25), indexing="xy"
    )
    for ax, lr in zip(axes, RATES, strict=True):
        height = loss(torch.stack(grid, -1))
        color = plt.rcParams["grid.color"]
        ax.contour(*grid, height, [20, 100], colors=color, linewidths=0.8)
        failed = []
        for i, name in enumerate(SHOWN):
            path = run_paths(candidates()[name], loss, start[0], [lr], STEPS)[0]
            known = path[(path.abs().amax(1) < 20).cumprod(0).bool()]
            ax.plot(*known.T, color=f"C{i}", lw=1.2, label=name)
            if len(known) == len(path):
                ax.plot(*path[-1], "o", color=f"C{i}")
            else:
                failed.append(name)
        ax.plot(1, 1, "+", color=plt.rcParams["text.color"], ms=12)
        ax.set(xlim=(-2, 2), ylim=(-0.8, 1.8))
        ax.grid(False)
        what = f", fails: {failed[0]}" if failed else ""
        ax.set_title(f"Learning rate {lr:g}{what}")
    look = {"handlelength": 2.4, "columnspacing": 1}
    fig.legend(
        *ax.get_legend_handles_labels(), loc="outside lower center", ncols=4, **look
    )
    return fig
