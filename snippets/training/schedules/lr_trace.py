"""The learning rates that an optimizer really uses under a scheduler."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import SGD, Optimizer


def lr_trace(
    build: Callable[[Optimizer], Any],
    steps: int,
    lr: float = 0.1,
    metrics: Iterable[float] | None = None,
) -> list[float]:
    """Train for some steps and write down the learning rate of each.

    The optimizer is a real one with gradients: `optimizer.step()`, then
    `scheduler.step()`. A formula can be wrong, and a picture drawn from it too.

    Args:
        build: Makes the scheduler from an optimizer, for example
            `lambda optimizer: StepLR(optimizer, 30)`. It must use that optimizer.
        steps: How many optimizer steps to take.
        lr: The learning rate that the optimizer is built with.
        metrics: One number for each step, for `ReduceLROnPlateau`.

    Returns:
        `steps` numbers: the learning rate of the first parameter group at each step.

    Raises:
        ValueError: If `steps` is not positive, or `build` used another optimizer.

    Source: `torch.optim.lr_scheduler`, whose unit is the call of `scheduler.step()`.

    Examples:
        >>> from torch.optim.lr_scheduler import StepLR
        >>> rates = lr_trace(lambda optimizer: StepLR(optimizer, 2), 5)
        >>> [round(rate, 4) for rate in rates]
        [0.1, 0.1, 0.01, 0.01, 0.001]
    """
    if steps < 1:
        raise ValueError(f"steps must be positive, got {steps}")
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = SGD([weight], lr=lr, momentum=0.9)
    scheduler = build(optimizer)
    if scheduler.optimizer is not optimizer:
        raise ValueError("build must use the optimizer that it is given, got another")
    metrics = None if metrics is None else iter(metrics)
    rates = []
    for _ in range(steps):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.zero_grad()
        weight.square().sum().backward()
        optimizer.step()
        if metrics is None:
            scheduler.step()
        else:
            scheduler.step(next(metrics))
    return rates
