"""Which tasks pull shared parameters in opposite directions."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def gradient_cosines(losses: Sequence[Tensor], parameters: Iterable[Tensor]) -> Tensor:
    """Return the cosine between the gradients of every two tasks.

    Args:
        losses: T scalars with a graph; the graph is kept for your own `backward()`.
        parameters: the parameters that the tasks share; `.grad` is not touched.

    Returns:
        Cosines `(T, T)` in float32 or wider, without a graph. Negative means conflict.
        A task without a gradient has cosine 0, with itself too.

    Raises:
        ValueError: if `losses` or `parameters` is empty, or a loss is not a scalar.

    Source: the angle of gradients in Yu et al. 2020, Gradient Surgery for Multi-Task
    Learning.

    Examples:
        The scale of a loss does not matter, its direction does:

        >>> theta = torch.tensor([1.0, 0.0], requires_grad=True)
        >>> a = theta.square().sum()
        >>> gradient_cosines([a, 1e6 * a, -a, theta[1]], [theta])[0]
        tensor([ 1.,  1., -1.,  0.])
    """
    shared = list(parameters)
    if not losses or not shared:
        raise ValueError(
            "losses and parameters must not be empty, "
            f"got {len(losses)} and {len(shared)}"
        )
    rows = []
    for loss in losses:
        if loss.ndim != 0:
            raise ValueError(f"losses must be scalars, got shape {tuple(loss.shape)}")
        grads = torch.autograd.grad(
            loss, shared, retain_graph=True, allow_unused=True, materialize_grads=True
        )
        row = torch.cat([g.flatten() for g in grads])
        row = row.to(torch.promote_types(row.dtype, torch.float32))
        row = row / row.abs().max().clamp(min=torch.finfo(row.dtype).tiny)
        rows.append(row / row.norm().clamp(min=0.5))
    unit = torch.stack(rows)
    return unit @ unit.mT
