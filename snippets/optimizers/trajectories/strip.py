"""What many learning rates end in: a row each optimizer, a column each rate."""

import math

from matplotlib.axes import Axes

_GROWN = 10.0


def strip(
    ax: Axes,
    results: dict[str, list[float]],
    rates: list[float],
    levels: tuple[float, float, float],
) -> None:
    """Draw a square for each result, the larger the better, and a cross for a failure.

    Args:
        ax: Where to draw.
        results: Final losses (or distances) of each optimizer by learning rate, in
            units of the start.
        rates: Learning rates.
        levels: Bounds of the three larger squares, the best first.

    Raises:
        ValueError: An optimizer without a result for each rate.

    Source:
        matplotlib.axes.Axes.scatter.

    Examples:
        >>> import matplotlib.pyplot as plt
        >>> fig, ax = plt.subplots()
        >>> results = {"SGD": [0.5, 1e-9, math.nan, 1e30]}
        >>> strip(ax, results, [0.01, 0.1, 1, 10], (1e-8, 1e-4, 1e-2))
        >>> [marks.get_label() for marks in ax.collections]
        ['≤ 1e-08', 'above', 'failed']
        >>> [len(marks.get_offsets()) for marks in ax.collections]
        [1, 1, 2]
    """
    looks = [
        (f"≤ {level:g}", "s", size)
        for level, size in zip(levels, (120, 64, 26), strict=True)
    ]
    looks += [("above", "s", 7), ("failed", "x", 60)]
    places: list[list[tuple[int, int]]] = [[] for _ in looks]
    for row, (name, values) in enumerate(results.items()):
        if len(values) != len(rates):
            raise ValueError(
                f"{name} must have {len(rates)} results, one for each rate, "
                f"got {len(values)}"
            )
        for column, value in enumerate(values):
            failed = not math.isfinite(value) or value > _GROWN
            found = 4 if failed else sum(value > level for level in levels)
            places[found].append((column, row))
    for (label, marker, size), points in zip(looks, places, strict=True):
        if points:
            color = "C1" if label == "failed" else "C0"
            line = {"lw": 2} if label == "failed" else {"lw": 0}
            columns, rows = zip(*points, strict=True)
            ax.scatter(columns, rows, size, color, marker=marker, label=label, **line)
    ax.set_yticks(range(len(results)), list(results))
    ax.set_xticks(range(len(rates)), [f"{float(f'{lr:.1g}'):g}" for lr in rates])
    ax.set(xlim=(-0.6, len(rates) - 0.4), ylim=(len(results) - 0.4, -0.6))
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
