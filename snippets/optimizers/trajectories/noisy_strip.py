"""Final distance in a bowl with noisy gradients by optimizer and learning rate."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.strip import strip
from snippets.optimizers.trajectories.surface import surface

RATES = [10 ** (k / 2) for k in range(-6, 3)]
STEPS, RUNS = 100, 64
LEVELS = 0.1, 0.2, 0.5


def _results() -> dict[str, list[float]]:
    """Root mean square distance from the minimum, in units of the start's.

    Every optimizer and rate sees the same noise, except LBFGS: it takes all runs for
    one point of 128 dimensions.
    """
    found = {}
    for name, make in candidates().items():
        loss, start = surface("noisy", RUNS)
        path = run_paths(make, loss, start, RATES, STEPS)
        distance = path.square().sum(-1).mean(-1).sqrt()
        found[name] = (distance[:, -1] / distance[:, 0]).tolist()
    return found


def figure() -> Figure:
    """Draw the strip."""
    fig, ax = plt.subplots(figsize=(5.5, 4))
    strip(ax, _results(), RATES, LEVELS)
    ax.set(xlabel="learning rate")
    ax.set_title("With noise the best rate is in the middle")
    fig.legend(loc="outside lower center", ncols=5, handletextpad=0.1, columnspacing=1)
    return fig
