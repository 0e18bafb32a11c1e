"""Log-cosh loss that overflows nowhere."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def log_cosh(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Logarithm of the hyperbolic cosine of the error.

    With e = prediction - target: log(cosh(e)) = |e| + softplus(-2 |e|) - log(2), where
    `e.cosh().log()` would be inf from |e| = 90 on in float32.

    Args:
        prediction: Any shape, for example `(N,)` or `(N, D)`; floating point.
        target: The shape of `prediction`; any real dtype.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`. Half-precision input is
        computed and returned in float32. Rounding may leave -6e-8 near 0.

    Raises:
        ValueError: If the shapes differ or `reduction` is unknown.

    Source: R. A. Saleh and A. K. Md. E. Saleh, Statistical Properties of the log-cosh
    Loss Function Used in Machine Learning, 2022.

    Examples:
        >>> error, zero = torch.tensor([0.01, 1.0, 1000.0]), torch.zeros(3)
        >>> log_cosh(error, zero, reduction="none")
        tensor([5.0008e-05, 4.3378e-01, 9.9931e+02])

        Its gradient is tanh(e):

        >>> error.requires_grad_()
        tensor([1.0000e-02, 1.0000e+00, 1.0000e+03], requires_grad=True)
        >>> log_cosh(error, zero, reduction="sum").backward()
        >>> error.grad.allclose(error.tanh())
        True
    """
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    absolute = (prediction.to(dtype) - target.to(dtype)).abs()
    loss = absolute + F.softplus(-2 * absolute) - math.log(2)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
