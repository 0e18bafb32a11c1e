"""Optimizer steps inside the backward pass, so that gradients are freed at once."""

from collections.abc import Callable

import torch
from torch import nn


def step_in_backward(
    model: nn.Module,
    make: Callable[[list[nn.Parameter]], torch.optim.Optimizer],
) -> dict[nn.Parameter, torch.optim.Optimizer]:
    """Give each parameter an optimizer that steps when its gradient is complete.

    `backward()` then trains: no `step()`, no `zero_grad()`. Not with clipping by the
    global norm, gradient accumulation or a `GradScaler`, and not for optimizers that
    look at several parameters at once.

    Args:
        model: Every parameter that requires a gradient gets a hook.
        make: Builds the optimizer of one parameter, given as a list.

    Returns:
        The optimizers by parameter, for schedulers and checkpoints.

    Raises:
        ValueError: If no parameter requires a gradient.

    Source: `torch.Tensor.register_post_accumulate_grad_hook`.

    Examples:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.ones_(model.weight)
        >>> _ = step_in_backward(model, lambda p: torch.optim.SGD(p, lr=0.5))
        >>> model(torch.ones(1, 1)).sum().backward()
        >>> model.weight.item(), model.weight.grad
        (0.5, None)
    """
    params = [p for p in model.parameters() if p.requires_grad]
    if not params:
        raise ValueError("model has no parameter that requires a gradient")
    optimizers = {p: make([p]) for p in params}

    def step(parameter: nn.Parameter) -> None:
        optimizers[parameter].step()
        optimizers[parameter].zero_grad()

    for parameter in params:
        parameter.register_post_accumulate_grad_hook(step)
    return optimizers
