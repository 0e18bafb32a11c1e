"""Brier score: the squared error of predicted probabilities."""

import torch
from torch import Tensor
from torch.nn import functional as F


def brier_score(probability: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Squared distance between the probabilities and what happened; a proper score.

    Class probabilities `(N, C)`: summed over the classes, from 0 to 2, as Brier wrote
    it. Event probabilities `(N,)`: of the event only, from 0 to 1, which is half.

    Args:
        probability: `(N, C)` with rows that sum to 1, or `(N,)` from 0 to 1.
        target: `(N,)`: class indices for `(N, C)`, 0 and 1 (or bool) for `(N,)`.
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If the shapes do not fit, `probability` does not hold
            probabilities, a target is not in range or `reduction` is unknown.

    Source: G. W. Brier, Verification of Forecasts Expressed in Terms of Probability,
    1950; `sklearn.metrics.brier_score_loss`.

    Examples:
        >>> event = torch.tensor([0.75, 0.5])
        >>> classes = torch.stack([1 - event, event], dim=1)
        >>> target = torch.tensor([1, 0])
        >>> brier_score(classes, target, "none")
        tensor([0.1250, 0.5000])
        >>> brier_score(event, target, "none")
        tensor([0.0625, 0.2500])

        If the event happens with probability 0.7, saying 0.7 costs least:

        >>> said = torch.arange(101) / 100
        >>> one, zero = torch.ones(101), torch.zeros(101)
        >>> cost = 0.7 * brier_score(said, one, "none")
        >>> cost += 0.3 * brier_score(said, zero, "none")
        >>> said[cost.argmin()]
        tensor(0.7000)
    """
    if probability.ndim not in (1, 2) or probability.shape[:1] != target.shape:
        raise ValueError(
            "probability must be (N, C) or (N,) and target (N,), got "
            f"{tuple(probability.shape)} and {tuple(target.shape)}"
        )
    p = probability.to(torch.promote_types(probability.dtype, torch.float32))
    if not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probability must be from 0 to 1: apply softmax or sigmoid")
    classes = probability.shape[1] if probability.ndim == 2 else 2
    if ((target < 0) | (target >= classes) | (target != target.long())).any():
        raise ValueError(f"target must be whole numbers below {classes}")
    if probability.ndim == 1:
        score = (p - target.to(p.dtype)) ** 2
    else:
        if ((p.sum(dim=1) - 1).abs() > 1e-2).any():
            raise ValueError("probability must sum to 1 in each row: apply softmax")
        error = p - F.one_hot(target.long(), classes)
        score = (error**2).sum(dim=1)
    if reduction == "none":
        return score
    if reduction == "sum":
        return score.sum()
    if reduction == "mean":
        return score.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
