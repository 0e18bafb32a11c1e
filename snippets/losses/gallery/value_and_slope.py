"""Value and derivative of a loss along a line of inputs."""

from collections.abc import Callable

import torch
from torch import Tensor


def value_and_slope(
    loss: Callable[[Tensor], Tensor], points: Tensor
) -> tuple[Tensor, Tensor]:
    """Evaluate `loss` at each point, and its derivative there by autograd.

    Args:
        loss: Maps inputs of shape `(N,)` to losses of shape `(N,)`, each of its own
            input only.
        points: Shape `(N,)`, floating point.

    Returns:
        Values and derivatives, each `(N,)`, detached.

    Raises:
        ValueError: If the loss does not return one value a point.

    Source: `torch.autograd.grad`.

    Examples:
        >>> from torch.nn import functional as F
        >>> zero = torch.zeros(3)
        >>> value_and_slope(
        ...     lambda e: F.huber_loss(e, zero, reduction="none"),
        ...     torch.tensor([-3.0, 0.0, 0.5]),
        ... )
        (tensor([2.5000, 0.0000, 0.1250]), tensor([-1.0000,  0.0000,  0.5000]))
    """
    leaf = points.detach().clone().requires_grad_()
    value = loss(leaf)
    if value.shape != points.shape:
        raise ValueError(
            f"loss must return one value a point, shape {tuple(points.shape)}, got "
            f"{tuple(value.shape)}"
        )
    (slope,) = torch.autograd.grad(value.sum(), leaf)
    return value.detach(), slope
