"""A template for supervised losses: an error for each element, then one scalar."""

import math

import torch
from torch import Tensor


def error_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean over all elements of log cosh(output - target); swap the marked line.

    Log-cosh is close to half the squared error for small errors and to the absolute
    error minus log 2 for large ones. It stands here for an error of your own.

    Args:
        output: predictions of any shape, floating.
        target: the same shape.

    Returns:
        A real scalar, ready for `backward()`.

    Raises:
        TypeError: if `output` is not floating.
        ValueError: if the shapes differ.

    Source: log cosh e + log pi is the negative log-density of the hyperbolic secant
    distribution, 1 / (pi cosh e).

    Examples:
        >>> error = torch.tensor([0.01, 50.0], dtype=torch.float64)
        >>> small, large = (error_loss(e, torch.zeros_like(e)) for e in error)
        >>> abs(small - 0.01**2 / 2).item() < 1e-8
        True
        >>> abs(large - (50 - math.log(2))).item() < 1e-12
        True

        The gradient is tanh(error), so no sample pulls harder than 1:

        >>> output = torch.tensor(0.5, requires_grad=True)
        >>> error_loss(output, torch.tensor(0.0)).backward()
        >>> torch.allclose(output.grad, torch.tensor(0.5).tanh())
        True
    """
    if not output.is_floating_point():
        raise TypeError(f"output must be floating, got {output.dtype}")
    if output.shape != target.shape:
        raise ValueError(
            "output and target must have the same shape, "
            f"got {tuple(output.shape)} and {tuple(target.shape)}"
        )
    error = output - target
    each = torch.logaddexp(error, -error) - math.log(2)  # the line to replace
    return each.mean()
