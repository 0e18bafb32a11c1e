"""Final loss in a quadratic valley by optimizer and rate, turned and along the axes."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.strip import strip
from snippets.optimizers.trajectories.surface import surface

RATES = [10 ** (k / 2) for k in range(-6, 3)]
STEPS = 100
LEVELS = 1e-6, 1e-3, 1e-1
AGAIN = "SGD", "Adagrad", "RMSprop", "Adam", "Rprop"


def _results(name: str) -> dict[str, list[float]]:
    """Loss after the last step in units of the first, by optimizer and rate."""
    loss, start = surface(name)
    found = {}
    for optimizer, make in candidates().items():
        if name == "valley" or optimizer in AGAIN:
            path = run_paths(make, loss, start[0], RATES, STEPS)
            found[optimizer] = (loss(path[:, -1]) / loss(start[0])).tolist()
    return found


def figure() -> Figure:
    """Draw the strips below each other."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.9), height_ratios=(11, 5), sharex=True)
    titles = "The valley", "The same, turned along the axes: five of them"
    for ax, name, title in zip(axes, ("valley", "aligned"), titles, strict=True):
        strip(ax, _results(name), RATES, LEVELS)
        ax.set_title(title)
        ax.tick_params(labelbottom=True)
    ax.set(xlabel="learning rate")
    marks = axes[0].get_legend_handles_labels()
    look = {"handletextpad": 0.1, "columnspacing": 1}
    fig.legend(*marks, loc="outside lower center", ncols=5, **look)
    return fig
