"""Choose the delta of a Huber loss from the spread of the residuals."""

from torch import Tensor


def robust_delta(residual: Tensor, factor: float = 1.345) -> float:
    """`factor` robust standard deviations of the residuals, in the target's units.

    A robust standard deviation is the median absolute deviation from the median times
    1.4826: the standard deviation if the residuals are Gaussian.

    Args:
        residual: Prediction minus target of a first fit, any shape.
        factor: Robust standard deviations at which Huber turns linear; 1.345 keeps
            95 % of the efficiency of the squared error under Gaussian noise.

    Returns:
        A positive float for `nn.HuberLoss(delta=...)`.

    Raises:
        ValueError: If there is no residual, one is not finite, or more than half are
            equal (then the spread is 0).

    Source: P. J. Huber, Robust Statistics, 1981; `scipy.stats.median_abs_deviation`.

    Examples:
        >>> import torch
        >>> normal = torch.distributions.Normal(0.0, 3.0)
        >>> residual = normal.icdf((torch.arange(999) + 0.5) / 999)
        >>> round(robust_delta(residual) / 3, 2)
        1.35
        >>> residual[::10] = 1e6  # one value in ten
        >>> round(robust_delta(residual) / 3, 2)
        1.54

        It has the units of the target:

        >>> round(robust_delta(1000 * residual) / robust_delta(residual), 3)
        1000.0
    """
    values = residual.detach().flatten().double()
    if values.numel() == 0 or not values.isfinite().all():
        raise ValueError("residual must hold at least one value and only finite ones")
    scale = 1.4826 * (values - values.median()).abs().median().item()
    if scale == 0:
        raise ValueError("residual must vary: more than half of its values are equal")
    return factor * scale
