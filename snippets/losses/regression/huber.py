"""Huber loss: squared for errors up to delta, linear beyond."""

import math

import torch
from torch import Tensor


def huber(
    prediction: Tensor, target: Tensor, delta: float = 1.0, reduction: str = "mean"
) -> Tensor:
    """Half the squared error up to `delta`, then its tangent of slope `delta`.

    With e = prediction - target: e**2 / 2 if |e| <= delta, else
    delta * (|e| - delta / 2). Both pieces are one expression here: clip |e| at delta,
    square what is below, weigh what is above by delta.

    Args:
        prediction: Any shape, for example `(N,)` or `(N, D)`; floating point.
        target: The shape of `prediction`; any real dtype.
        delta: Error at which the loss turns linear, in the units of the target.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, `delta` is not positive and finite, or
            `reduction` is unknown.

    Source: P. J. Huber, Robust Estimation of a Location Parameter, 1964;
    `torch.nn.HuberLoss`.

    Examples:
        >>> from torch.nn import functional as F
        >>> prediction, target = torch.tensor([0.5, -3.0, 8.0]), torch.zeros(3)
        >>> huber(prediction, target, delta=2.0, reduction="none")
        tensor([ 0.1250,  4.0000, 14.0000])
        >>> huber(prediction, target, delta=2.0).equal(
        ...     F.huber_loss(prediction, target, delta=2.0)
        ... )
        True

        Delta times the smooth L1 loss; for a large delta half the squared error:

        >>> (2 * F.smooth_l1_loss(prediction, target, beta=2.0)).equal(
        ...     huber(prediction, target, delta=2.0)
        ... )
        True
        >>> F.mse_loss(prediction, target) / huber(prediction, target, delta=1e3)
        tensor(2.)
    """
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if not 0 < delta < math.inf:
        raise ValueError(f"delta must be positive and finite, got {delta}")
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    absolute = (prediction.to(dtype) - target.to(dtype)).abs()
    quadratic = absolute.clamp(max=delta)
    loss = quadratic**2 / 2 + delta * (absolute - quadratic)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
