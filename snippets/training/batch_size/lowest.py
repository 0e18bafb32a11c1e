"""Where a curve measured at equal distances is lowest, between its points too."""

import torch
from torch import Tensor


def lowest(x: Tensor, y: Tensor) -> Tensor:
    """Bottom of the parabola through the lowest point and its neighbours.

    Args:
        x: Places `(N,)`, at equal distances, at least 3.
        y: Heights `(N, ...)`.

    Returns:
        Places `(...)`; the end of `x` where the curve is lowest there, and the lowest
        point itself where a neighbour is infinite.

    Raises:
        ValueError: Fewer than 3 places, or not as many heights.

    Source:
        Successive parabolic interpolation, one step.

    Examples:
        >>> x = torch.linspace(0, 1, 5)
        >>> lowest(x, (x - 0.4) ** 2)
        tensor(0.4000)
    """
    if len(x) < 3 or len(y) != len(x):
        raise ValueError(
            f"x and y must have the same length of 3 or more, got {len(x)}, {len(y)}"
        )
    best = y.argmin(0)
    inside = best.clamp(1, len(x) - 2)
    left, middle, right = (y.gather(0, inside[None] + k)[0] for k in (-1, 0, 1))
    shift = (left - right) / (2 * (left - 2 * middle + right))
    shift = torch.where((best == inside) & shift.isfinite(), shift, 0.0)
    return x[best] + shift * (x[1] - x[0])
