"""One step of Adam as a pure function, with weight decay of either kind."""

import torch
from torch import Tensor


def adam_step(
    theta: Tensor,
    grad: Tensor,
    state: tuple[Tensor, Tensor],
    step: int,
    lr: float | Tensor,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    weight_decay: float | Tensor = 0.0,
    decoupled: float | Tensor = True,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Return the parameters and both moments after one step.

    All operations are elementwise, and `lr`, `weight_decay` and `decoupled` broadcast:
    a stack of models takes a different value for each, in one call.

    Args:
        theta: Parameters, any shape.
        grad: Their gradient, same shape.
        state: First and second moment, each in the shape of `theta`; zeros at first.
        step: Number of this step, counted from 1.
        lr: Learning rate.
        betas: Decay rates of the two moments, each from 0 up to 1, without 1.
        eps: Added to the square root, after bias correction.
        weight_decay: Lambda.
        decoupled: 1 for AdamW, 0 to add `weight_decay * theta` to the gradient.

    Returns:
        New parameters, and the new moments.

    Raises:
        ValueError: If shapes differ, or `step` or a beta is out of range.

    Source: torch.optim.AdamW, torch.optim.Adam; D. P. Kingma and J. Ba, Adam, 2015;
    I. Loshchilov and F. Hutter, Decoupled Weight Decay Regularization, 2019.

    Examples:
        The first step is `lr` for any gradient:

        >>> theta, zero = torch.zeros(3), torch.zeros(3)
        >>> grad = torch.tensor([1e-5, 1.0, -1e6])
        >>> theta, state = adam_step(theta, grad, (zero, zero), step=1, lr=0.5)
        >>> theta.round(decimals=2)
        tensor([-0.5000, -0.5000,  0.5000])

        Decoupled decay is a factor on the parameters:

        >>> adam_step(
        ...     torch.ones(1),
        ...     torch.zeros(1),
        ...     (zero[:1], zero[:1]),
        ...     1,
        ...     0.5,
        ...     weight_decay=0.1,
        ... )[0]
        tensor([0.9500])
    """
    if not theta.shape == grad.shape == state[0].shape == state[1].shape:
        shapes = [tuple(t.shape) for t in (theta, grad, *state)]
        raise ValueError(f"theta, grad and state must have one shape, got {shapes}")
    if step < 1:
        raise ValueError(f"step must be at least 1, got {step}")
    if not all(0 <= beta < 1 for beta in betas):
        raise ValueError(f"betas must be from 0 up to 1, without 1, got {betas}")
    beta1, beta2 = betas
    grad = grad + weight_decay * (1 - decoupled) * theta
    theta = theta * (1 - lr * weight_decay * decoupled)
    m = torch.lerp(state[0], grad, 1 - beta1)
    v = beta2 * state[1] + (1 - beta2) * grad.square()
    denominator = (v / (1 - beta2**step)).sqrt() + eps
    return theta - lr / (1 - beta1**step) * m / denominator, (m, v)
