"""Draw points of a search space, spread evenly by a scrambled Sobol sequence."""

import math

from torch.quasirandom import SobolEngine


def sample_space(
    space: dict[str, tuple | list], n: int, seed: int = 0
) -> list[dict[str, object]]:
    """Return `n` settings from `space`.

    Args:
        space: for each name `("log", low, high)`, `("uniform", low, high)`, or a list
            of choices.
        n: number of settings. Powers of 2 fill the space most evenly. The settings of
            a smaller `n` are the first ones of a larger.
        seed: of the scrambling.

    Raises:
        ValueError: if a range or a list is unusable, or `n` is not positive.

    Source:
        `torch.quasirandom.SobolEngine`.

    Examples:
        >>> space = {"lr": ("log", 1e-4, 1.0), "bias": [True, False]}
        >>> points = sample_space(space, 8)
        >>> sorted(math.floor(2 * math.log10(p["lr"])) for p in points)
        [-8, -7, -6, -5, -4, -3, -2, -1]
        >>> sum(p["bias"] for p in points)
        4
        >>> points[:3] == sample_space(space, 3)
        True
    """
    if n < 1:
        raise ValueError(f"n must be positive, got {n}")
    for name, kind in space.items():
        if isinstance(kind, list):
            fits = len(kind) > 0
        else:
            fits = len(kind) == 3 and kind[0] in ("log", "uniform")
            fits = fits and (0 if kind[0] == "log" else -math.inf) < kind[1] < kind[2]
        if not fits:
            raise ValueError(
                f"{name} must be ('log' or 'uniform', low, high) with low < high and, "
                f"for 'log', 0 < low, or a list of choices, got {kind!r}"
            )
    units = SobolEngine(len(space), scramble=True, seed=seed).draw(n).double()
    return [
        {
            name: _scale(kind, u)
            for (name, kind), u in zip(space.items(), row, strict=True)
        }
        for row in units.tolist()
    ]


def _scale(kind: tuple | list, u: float) -> object:
    if isinstance(kind, list):
        return kind[min(int(u * len(kind)), len(kind) - 1)]
    _, low, high = kind
    return low * (high / low) ** u if kind[0] == "log" else low + (high - low) * u
