"""Final loss on the Rosenbrock function by optimizer and learning rate."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.strip import strip
from snippets.optimizers.trajectories.surface import surface

RATES = [10 ** (k / 2) for k in range(-6, 3)]
STEPS = 100
LEVELS = 1e-6, 1e-2, 1e-1


def _results() -> dict[str, list[float]]:
    """Loss after the last step in units of the first, by optimizer and rate."""
    loss, start = surface("rosenbrock")
    first = loss(start[0])
    paths = {
        name: run_paths(make, loss, start[0], RATES, STEPS)
        for name, make in candidates().items()
    }
    return {name: (loss(path[:, -1]) / first).tolist() for name, path in paths.items()}


def figure() -> Figure:
    """Draw the strip."""
    fig, ax = plt.subplots(figsize=(5.5, 4.3))
    strip(ax, _results(), RATES, LEVELS)
    ax.set(xlabel="learning rate")
    ax.set_title("Most rates end inside the bent valley")
    fig.legend(loc="outside lower center", ncols=5, handletextpad=0.1, columnspacing=1)
    return fig
