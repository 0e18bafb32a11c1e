"""One step of torch's SGD, written out."""

from torch import Tensor


def sgd_step(
    param: Tensor,
    grad: Tensor,
    buffer: Tensor | None = None,
    lr: float = 1e-3,
    momentum: float = 0.0,
    dampening: float = 0.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
    maximize: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Compute the parameter and the momentum buffer after one step.

    Args:
        param: The parameter, any shape.
        grad: Its gradient, same shape.
        buffer: The momentum buffer, or None before the first step.
        lr: Learning rate, not negative.
        momentum: Decay of the buffer. With 0 there is no buffer.
        dampening: Scales new gradients by `1 - dampening`, except the first.
        weight_decay: Adds `weight_decay * param` to the gradient.
        nesterov: Step along `grad + momentum * buffer` instead of the buffer.
        maximize: Go uphill.

    Returns:
        The new parameter and the new buffer. The arguments are left as they are.

    Raises:
        ValueError: If the shapes differ, a number is negative, or nesterov comes
            without momentum or with dampening.

    Source: `torch.optim.SGD`.

    Examples:
        >>> import torch

        The first gradient enters the buffer whole, whatever the dampening.

        >>> grad = torch.tensor([2.0])
        >>> param, buffer = sgd_step(
        ...     torch.zeros(1), grad, None, 0.1, 0.9, dampening=0.5
        ... )
        >>> buffer
        tensor([2.])
        >>> sgd_step(param, grad, buffer, 0.1, 0.9, dampening=0.5)[1]
        tensor([2.8000])

        Equal to torch, bit for bit:

        >>> weight = torch.nn.Parameter(torch.tensor([1.0, -2.0]))
        >>> settings = dict(lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
        >>> optimizer = torch.optim.SGD([weight], **settings)
        >>> param, buffer = weight.detach().clone(), None
        >>> for grad in torch.randn(5, 2):
        ...     weight.grad = grad
        ...     optimizer.step()
        ...     param, buffer = sgd_step(param, grad, buffer, **settings)
        >>> torch.equal(param, weight)
        True
    """
    if param.shape != grad.shape:
        shapes = f"{tuple(param.shape)} and {tuple(grad.shape)}"
        raise ValueError(f"param and grad must have the same shape, got {shapes}")
    numbers = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
    for name, value in numbers.items():
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")
    if nesterov and (momentum == 0 or dampening != 0):
        got = f"momentum {momentum} and dampening {dampening}"
        raise ValueError(f"nesterov needs momentum and no dampening, got {got}")
    grad = -grad if maximize else grad
    if weight_decay != 0:
        grad = grad.add(param, alpha=weight_decay)
    if momentum == 0:
        return param.add(grad, alpha=-lr), None
    if buffer is None:
        buffer = grad.clone()
    else:
        buffer = (momentum * buffer).add(grad, alpha=1 - dampening)
    step = grad.add(buffer, alpha=momentum) if nesterov else buffer
    return param.add(step, alpha=-lr), buffer
