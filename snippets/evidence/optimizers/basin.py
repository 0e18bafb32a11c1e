"""Where a learning rate may lie: the two ends of a basin, for each seed."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


def basin(scores: Tensor, rates: Sequence[float], best: int, lose: float) -> Tensor:
    """Return the ends of the basin around the tuned rate, as decimal logarithms.

    The basin holds the rates next to the tuned one whose score is at most `lose` lower
    than the score there, of the same seed. Between two rates of the grid the score is a
    straight line over the logarithm of the rate.

    Args:
        scores: Higher is better, `(R, S)`; what is not finite is lower than all else.
        rates: The R rates, increasing.
        best: Index of the tuned rate.
        lose: How much of the score may be lost.

    Returns:
        `(S, 2)`; the difference of the two is the width in decades.

    Raises:
        ValueError: If a basin reaches an end of the grid: it may go on beyond.

    Source: own definition.

    Examples:
        >>> scores = torch.tensor([[0.0], [90.0], [95.0], [93.0], [float("nan")]])
        >>> rates = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
        >>> basin(scores, rates, best=2, lose=5.0)
        tensor([[-3., -1.]])
        >>> basin(scores, rates, best=2, lose=50.0)
        tensor([[-3.5000, -1.0000]])
    """
    low = torch.finfo(scores.dtype).min / 4
    scores = scores.nan_to_num(low, low, low).clamp(min=low)
    places = [math.log10(rate) for rate in rates]
    ends = []
    for column in scores.T.tolist():
        limit = column[best] - lose
        for step in (-1, 1):
            i = best
            while column[i] >= limit:
                i += step
                if not 0 <= i < len(rates):
                    raise ValueError(
                        f"the basin around {rates[best]:g} must end within the grid of "
                        f"rates, but goes on to {rates[i - step]:g}: extend it"
                    )
            inside = i - step
            share = (column[inside] - limit) / (column[inside] - column[i])
            ends.append(places[inside] + share * (places[i] - places[inside]))
    return torch.tensor(ends).view(-1, 2)
