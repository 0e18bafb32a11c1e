"""Pinball loss of several quantile levels at once."""

from collections.abc import Sequence

import torch
from torch import Tensor


def multi_quantile_loss(
    prediction: Tensor,
    target: Tensor,
    quantiles: Sequence[float],
    reduction: str = "mean",
) -> Tensor:
    """Pinball loss of one target against a prediction for each level.

    With u = target - prediction and level tau: max(tau * u, (tau - 1) * u).

    Args:
        prediction: `(N, Q)`, or `(*, Q)`; floating point; column q is level q.
        target: `(N,)`, or `(*)`: the shape of `prediction` without its last
            dimension; any real dtype.
        quantiles: The Q levels, increasing, each between 0 and 1.
        reduction: `"mean"` (over all N times Q elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If a shape does not fit, a level is outside (0, 1), the levels do
            not increase, or `reduction` is unknown.

    Source: R. Koenker and G. Bassett, Regression Quantiles, 1978.

    Examples:
        >>> prediction = torch.tensor([[0.0, 2.0], [1.0, 4.0]])
        >>> target = torch.tensor([1.0, 1.0])
        >>> multi_quantile_loss(prediction, target, [0.1, 0.9], reduction="none")
        tensor([[0.1000, 0.1000],
                [0.0000, 0.3000]])

        At the median it is half the absolute error:

        >>> loss = multi_quantile_loss(prediction[:, :1], target, [0.5])
        >>> 2 * loss == torch.nn.L1Loss()(prediction[:, 0], target)
        tensor(True)

        Twice its mean over many levels is the continuous ranked probability score,
        for a standard normal forecast and the target 0 (2**0.5 - 1) / pi**0.5:

        >>> levels = (torch.arange(999) + 1) / 1000
        >>> forecast = torch.distributions.Normal(0.0, 1.0).icdf(levels)
        >>> loss = multi_quantile_loss(forecast, torch.tensor(0.0), levels.tolist())
        >>> print(f"{2 * loss:.3f} {(2**0.5 - 1) / torch.pi**0.5:.3f}")
        0.234 0.234
    """
    if prediction.shape != (*target.shape, len(quantiles)):
        raise ValueError(
            f"prediction must have shape {(*target.shape, len(quantiles))} for target "
            f"{tuple(target.shape)} and {len(quantiles)} quantiles, got "
            f"{tuple(prediction.shape)}"
        )
    if not all(0 < tau < 1 for tau in quantiles):
        raise ValueError(f"quantiles must be between 0 and 1, got {list(quantiles)}")
    if not all(a < b for a, b in zip(quantiles, quantiles[1:], strict=False)):
        raise ValueError(f"quantiles must increase, got {list(quantiles)}")
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    tau = torch.tensor(quantiles, dtype=dtype, device=prediction.device)
    shortfall = target.to(dtype).unsqueeze(-1) - prediction.to(dtype)
    loss = torch.maximum(tau * shortfall, (tau - 1) * shortfall)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
