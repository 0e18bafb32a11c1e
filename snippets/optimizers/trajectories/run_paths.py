"""Run one optimizer from one start at several learning rates, and keep every point."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.optim import LBFGS, Optimizer


def run_paths(
    make: Callable[[list[Tensor], float], Optimizer],
    loss: Callable[[Tensor], Tensor],
    start: Tensor,
    rates: list[float],
    steps: int,
) -> Tensor:
    """Points of an optimizer, by learning rate and step.

    Args:
        make: Builds the optimizer for parameters and a learning rate.
        loss: Maps points `(rates, *start)` to losses `(rates, ...)`.
        start: Where every run starts.
        rates: Learning rates.
        steps: Steps, each with one gradient. For LBFGS, evaluations of the gradient;
            build it with `max_iter` and `max_eval` large enough for all of them.

    Returns:
        Points `(rates, steps + 1, *start)`; of LBFGS, also those that its line search
        rejects. What overflows is inf or NaN.

    Raises:
        ValueError: `rates` is empty, or `steps` is negative.

    Source:
        torch.optim.Optimizer.step.

    Examples:
        Gradient descent on half the square shrinks by 1 - lr in each step:

        >>> start = torch.ones(1, dtype=torch.float64)
        >>> half_square = lambda w: w.square().sum(-1) / 2
        >>> paths = run_paths(torch.optim.SGD, half_square, start, [0.5, 3.0], 3)
        >>> paths.squeeze(-1)
        tensor([[ 1.0000,  0.5000,  0.2500,  0.1250],
                [ 1.0000, -2.0000,  4.0000, -8.0000]], dtype=torch.float64)
    """
    if not rates or steps < 0:
        raise ValueError(
            f"rates must not be empty and steps not negative, got {rates} and {steps}"
        )
    weights = [start.clone().requires_grad_() for _ in rates]
    optimizers = [make([w], lr) for w, lr in zip(weights, rates, strict=True)]
    if isinstance(optimizers[0], LBFGS):
        runs = zip(optimizers, weights, strict=True)
        return torch.stack([_run_lbfgs(o, w, loss, steps) for o, w in runs])
    points = [torch.stack(weights).detach()]
    for _ in range(steps):
        total = loss(torch.stack(weights)).sum()
        slopes = torch.autograd.grad(total, weights)
        for optimizer, weight, slope in zip(optimizers, weights, slopes, strict=True):
            weight.grad = slope
            optimizer.step()
        points.append(torch.stack(weights).detach())
    return torch.stack(points, 1)


def _run_lbfgs(
    optimizer: LBFGS, weight: Tensor, loss: Callable[[Tensor], Tensor], steps: int
) -> Tensor:
    """The same for one rate: every point that the line search asks about."""
    points = []

    def closure() -> Tensor:
        points.append(weight.detach().clone())
        optimizer.zero_grad()
        value = loss(weight[None]).sum()
        value.backward()
        return value

    if steps:
        optimizer.step(closure)
    points = points[:steps]
    points += [weight.detach().clone()] * (steps + 1 - len(points))
    return torch.stack(points)
