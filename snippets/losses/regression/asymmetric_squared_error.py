"""Squared error that weighs under-prediction and over-prediction differently."""

import math

import torch
from torch import Tensor


def asymmetric_squared_error(
    prediction: Tensor,
    target: Tensor,
    under: float = 1.0,
    over: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Squared error times `under` below the target and times `over` above it.

    The minimiser is the expectile at under / (under + over), which is not the quantile
    of that level; for costs that are linear in the error use the pinball loss.

    Args:
        prediction: Any shape, for example `(N,)` or `(N, D)`; floating point.
        target: The shape of `prediction`; any real dtype.
        under: Weight where the prediction is below the target; positive.
        over: Weight where the prediction is above the target; positive.
        reduction: `"mean"` (over all elements, not over the sum of the weights),
            `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, a weight is not positive and finite, or
            `reduction` is unknown.

    Source: W. K. Newey and J. L. Powell, Asymmetric Least Squares Estimation and
    Testing, 1987.

    Examples:
        >>> prediction, target = torch.tensor([0.0, 4.0]), torch.tensor([2.0, 2.0])
        >>> asymmetric_squared_error(prediction, target, under=3.0, reduction="none")
        tensor([12.,  4.])

        Equal weights of 1 give the mean squared error:

        >>> mse = torch.nn.MSELoss()(prediction, target)
        >>> asymmetric_squared_error(prediction, target) == mse
        tensor(True)

        At nine to one the minimiser for uniform targets is 0.75, not the quantile 0.9:

        >>> uniform = (torch.arange(1000) + 0.5) / 1000
        >>> constant = torch.tensor(0.75, requires_grad=True)
        >>> loss = asymmetric_squared_error(constant.expand(1000), uniform, under=9.0)
        >>> torch.autograd.grad(loss, constant)[0].abs() < 1e-4
        tensor(True)
    """
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if not (0 < under < math.inf and 0 < over < math.inf):
        raise ValueError(
            f"under and over must be positive and finite, got {under} and {over}"
        )
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    error = prediction.to(dtype) - target.to(dtype)
    loss = torch.where(error < 0, under, over) * error**2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
