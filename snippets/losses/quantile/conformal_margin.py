"""Conformal correction of a quantile interval from held-out data."""

import math

import torch
from torch import Tensor


def conformal_margin(
    lower: Tensor, upper: Tensor, target: Tensor, coverage: float = 0.9
) -> Tensor:
    """The margin by which to widen an interval so that it keeps its promise.

    The score of a calibration point is how far it lies outside its interval (negative
    inside). The margin is the k-th smallest of the n scores with
    k = ceil((n + 1) * coverage). A fresh point then falls into
    [lower - margin, upper + margin] with at least that probability, whatever the
    model and the noise, if it is exchangeable with the calibration points.

    Args:
        lower: `(n,)`, floating point; predictions for the calibration points, which
            took no part in training.
        upper: `(n,)`, like `lower`.
        target: `(n,)`, the calibration targets; any real dtype.
        coverage: Probability to promise, between 0 and 1.

    Returns:
        A scalar in the units of the target, to subtract from `lower` and add to
        `upper`; negative if the intervals were too wide; infinite if n is too small
        for the coverage (below 9 for 0.9). No gradient flows. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or are not `(n,)`, or `coverage` is outside
            (0, 1).

    Source: Y. Romano, E. Patterson and E. Candes, Conformalized Quantile Regression,
    2019.

    Examples:
        >>> target = torch.arange(1.0, 10.0)
        >>> zero = torch.zeros(9)
        >>> conformal_margin(zero, zero, target, coverage=0.5)
        tensor(5.)
        >>> conformal_margin(zero, zero, target, coverage=0.9)
        tensor(9.)
        >>> conformal_margin(zero, zero, target, coverage=0.95)
        tensor(inf)

        Intervals that are too wide shrink:

        >>> conformal_margin(target - 2, target + 2, target)
        tensor(-2.)
    """
    if target.ndim != 1 or not lower.shape == upper.shape == target.shape:
        raise ValueError(
            "lower, upper and target must have the same shape (n,), got "
            f"{tuple(lower.shape)}, {tuple(upper.shape)} and {tuple(target.shape)}"
        )
    if not 0 < coverage < 1:
        raise ValueError(f"coverage must be between 0 and 1, got {coverage}")
    dtype = torch.promote_types(lower.dtype, torch.float32)
    lower, upper, target = (x.detach().to(dtype) for x in (lower, upper, target))
    score = torch.maximum(lower - target, target - upper)
    # rounded, because 100 * 0.07 is a little more than 7 in floating point
    k = math.ceil(round((len(score) + 1) * coverage, 9))
    if k > len(score):
        return score.new_tensor(math.inf)
    return score.kthvalue(k).values
