"""The mean of a few runs with its 95 % interval, by bootstrap."""

import math

import torch
from torch import Tensor
from torch.distributions import Normal

# Student's t, 97.5 %, for 2 to 30 degrees of freedom; 1 would be 12.7.
_T = (4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201)
_T += (2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080)
_T += (2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042)


def interval(values: Tensor, draws: int = 4000) -> tuple[float, float, float]:
    """Return the mean, and the low and the high end of its 95 % interval.

    The runs are drawn again, with replacement, and the interval holds the middle of the
    means of the draws. How much of the middle is widened for few runs, so that it is as
    wide as Student's for normal values. For a paired comparison pass the differences.

    Args:
        values: A result for each run, `(S,)`, at least 3.
        draws: How many times the runs are drawn again; with a fixed seed.

    Raises:
        ValueError: If `values` has another shape, or is not finite.

    Source: Hesterberg 2015, "What Teachers Should Know About the Bootstrap", the
        expanded percentile interval.

    Examples:
        >>> mean, low, high = interval(torch.arange(10.0))
        >>> mean, round(low, 1), round(high, 1)
        (4.5, 2.3, 6.7)
    """
    count = len(values)
    if values.dim() != 1 or count < 3 or not values.isfinite().all():
        raise ValueError(
            "values must be at least 3 finite numbers of shape (S,), got "
            f"{tuple(values.shape)}: {values.tolist()}"
        )
    quantile = _T[count - 3] if count < 32 else 1.96 + 2.4 / (count - 1)
    tail = Normal(0.0, 1.0).cdf(
        torch.tensor(-math.sqrt(count / (count - 1)) * quantile)
    )
    generator = torch.Generator().manual_seed(0)
    rows = torch.randint(count, (draws, count), generator=generator)
    ends = torch.stack([tail, 1 - tail]).double()
    low, high = values.double()[rows].mean(1).quantile(ends).tolist()
    return values.double().mean().item(), low, high
