"""Pinball loss: its minimiser is a chosen quantile of the target."""

import torch
from torch import Tensor


def pinball(
    prediction: Tensor, target: Tensor, tau: float = 0.5, reduction: str = "mean"
) -> Tensor:
    """Absolute error, weighted by `tau` below the target and 1 - `tau` above.

    With u = target - prediction: max(tau * u, (tau - 1) * u). At tau
    0.9 a unit of under-prediction costs nine times a unit of over-prediction.

    Args:
        prediction: Any shape, for example `(N,)` or `(N, D)`; floating point.
        target: The shape of `prediction`; any real dtype.
        tau: The quantile to predict, between 0 and 1. For costs, it is
            under / (under + over).
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, `tau` is outside (0, 1), or `reduction`
            is unknown.

    Source: R. Koenker and G. Bassett, Regression Quantiles, 1978.

    Examples:
        >>> target = torch.tensor([1.0, 1.0])
        >>> pinball(torch.tensor([0.0, 2.0]), target, tau=0.9, reduction="none")
        tensor([0.9000, 0.1000])

        At 0.5 it is half the absolute error:

        >>> prediction, target = torch.tensor([0.0, 5.0]), torch.tensor([1.0, 2.0])
        >>> 2 * pinball(prediction, target) == torch.nn.L1Loss()(prediction, target)
        tensor(True)

        Of the values of a sample, the quantile costs least:

        >>> sample = torch.tensor([1.0, 2.0, 3.0, 5.0, 40.0])
        >>> pairs = torch.meshgrid(sample, sample, indexing="ij")
        >>> cost = pinball(*pairs, tau=0.7, reduction="none").mean(dim=1)
        >>> sample[cost.argmin()]
        tensor(5.)
        >>> sample.quantile(0.7, interpolation="higher")
        tensor(5.)
    """
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if not 0 < tau < 1:
        raise ValueError(f"tau must be between 0 and 1, got {tau}")
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    shortfall = target.to(dtype) - prediction.to(dtype)
    loss = torch.maximum(tau * shortfall, (tau - 1) * shortfall)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
