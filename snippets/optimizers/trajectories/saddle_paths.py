"""Loss against the step after a start beside a saddle, at three shared rates."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.surface import surface

RATES = [0.01, 0.1, 1.0]
SHOWN = "SGD", "momentum 0.9", "Adam", "Rprop"
STEPS = 150


def figure() -> Figure:
    """Draw a panel for each rate."""
    fig, axes = plt.subplots(3, figsize=(5.5, 6.2), sharex=True, sharey=True)
    loss, start = surface("saddle")
    make = candidates()
    for i, name in enumerate(SHOWN):
        paths = run_paths(make[name], loss, start[0], RATES, STEPS)
        for ax, path in zip(axes, loss(paths), strict=True):
            ax.plot(path, color=f"C{i}", label=name)
    for ax, lr in zip(axes, RATES, strict=True):
        ax.set_title(f"Learning rate {lr:g}")
        ax.set(ylim=(-0.05, 1.3), ylabel="loss", yticks=[0, 0.25, 0.5, 1])
    ax.set(xlabel="step")
    marks = ax.get_legend_handles_labels()
    fig.legend(*marks, loc="outside lower center", ncols=4, columnspacing=1)
    return fig
