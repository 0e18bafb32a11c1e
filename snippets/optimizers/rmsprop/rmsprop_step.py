"""One step of RMSprop, written out."""

import torch
from torch import Tensor


def rmsprop_step(
    param: Tensor,
    grad: Tensor,
    state: dict[str, Tensor] | None = None,
    lr: float = 1e-2,
    alpha: float = 0.99,
    eps: float = 1e-8,
    weight_decay: float = 0.0,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[Tensor, dict[str, Tensor]]:
    r"""Divide the gradient by the root of the moving average of its square.

    Args:
        param: Parameters, any shape.
        grad: Their gradient, same shape.
        state: What the last step returned. None at the first step.
        lr: Learning rate.
        alpha: Decay of the moving averages, from 0 to 1.
        eps: Added to the root.
        weight_decay: L2, added to the gradient.
        momentum: Decay of the sum of the divided gradients.
        centered: Subtract the square of the mean gradient: a variance.

    Returns:
        The new parameters and the new state. The arguments are not changed.

    Raises:
        ValueError: If shapes differ or alpha is out of range.

    Source: Tieleman and Hinton 2012; `torch.optim.RMSprop`.

    Examples:
        >>> weight = torch.nn.Parameter(torch.randn(4).double())
        >>> optimizer = torch.optim.RMSprop([weight], momentum=0.9, centered=True)
        >>> param, state = weight.detach().clone(), None
        >>> for grad in torch.randn(5, 4).double():
        ...     weight.grad = grad
        ...     optimizer.step()
        ...     param, state = rmsprop_step(
        ...         param, grad, state, momentum=0.9, centered=True
        ...     )
        >>> torch.allclose(param, weight.detach(), rtol=1e-12)
        True
    """
    if param.shape != grad.shape:
        shapes = f"{tuple(param.shape)} and {tuple(grad.shape)}"
        raise ValueError(f"param and grad must have the same shape, got {shapes}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be from 0 to 1, got {alpha}")
    zero = torch.zeros_like(param)
    state = state or {"v": zero, "mean": zero, "m": zero}
    g = grad + weight_decay * param
    v = alpha * state["v"] + (1 - alpha) * g**2
    mean = alpha * state["mean"] + (1 - alpha) * g
    root = (v - mean**2 if centered else v).sqrt() + eps
    m = momentum * state["m"] + g / root
    return param - lr * m, {"v": v, "mean": mean, "m": m}
