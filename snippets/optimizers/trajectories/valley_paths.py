"""Paths of four optimizers in the valley, one panel for each learning rate."""

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse

from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.surface import surface

RATES = [10 ** (k / 2) for k in range(-6, 2)]
SHOWN = "SGD", "momentum 0.9", "Adam", "Rprop"
STEPS = 40


def _level(ax: Axes, loss: float) -> None:
    """Where the loss has one value: an ellipse with curvatures 0.4 and 20."""
    size = 2 * (2 * loss / 0.4) ** 0.5, 2 * (2 * loss / 20) ** 0.5
    color = plt.rcParams["grid.color"]
    ax.add_patch(Ellipse((0, 0), *size, angle=30, fc="none", ec=color))


def figure() -> Figure:
    """Draw panels that tile the figure: a page can show one at a time."""
    fig = plt.figure(figsize=(5.5, 10))
    fig.set_layout_engine("none")  # the panels have exact places
    loss, start = surface("valley")
    make = candidates()
    paths = {n: run_paths(make[n], loss, start[0], RATES, STEPS) for n in SHOWN}
    for i, lr in enumerate(RATES):
        row, column = divmod(i, 2)
        place = (column / 2 + 0.01, 1 - (row + 0.88) / 4, 0.48, 0.79 / 4)
        ax = fig.add_axes(place, xlim=(-4.5, 5.5), ylim=(-4.3, 4.2))
        ax.set(xticks=[], yticks=[], aspect="equal", gid=f"step {lr:.1g}")
        ax.spines[:].set_visible(False)
        ax.set_title(f"learning rate {lr:.1g}")
        for level in (0.3, 2, 6, 13):
            _level(ax, level)
        ax.plot(0, 0, "+", color=plt.rcParams["text.color"])
        for j, name in enumerate(SHOWN):
            path = paths[name][i]
            end = path[-1].abs().max().item()
            inside = path[(path.abs().amax(1) < 40).cumprod(0).bool()]
            ax.plot(*inside.T, color=f"C{j}", lw=1.2)
            text = f"{name} ✕" if not end < 40 else name
            ax.text(
                *(-4.4 + 5.6 * (j % 2), -3.4 - 0.75 * (j // 2)), text, color=f"C{j}"
            )
            if end < 40:
                ax.plot(*path[-1], "o", color=f"C{j}", ms=4)
    return fig
