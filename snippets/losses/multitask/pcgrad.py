"""PCGrad: each task's gradient without the part that opposes another task."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def pcgrad(
    losses: Sequence[Tensor],
    parameters: Iterable[Tensor],
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """Return the sum of the tasks' gradients after projecting conflicts away.

    For each task, the others are visited in random order; where the inner product with
    another task's own gradient is negative, the gradient is projected onto the plane
    normal to that one. Without conflicts the result is the gradient of the sum.

    Args:
        losses: T scalars with a graph, already weighted; the graph is kept.
        parameters: the parameters that the tasks share, not those of the heads;
            `.grad` is not touched.
        generator: on the CPU, for the random order; torch's default if not given.

    Returns:
        One tensor for each parameter, of its shape and dtype, to be put into `.grad`.
        Projections are computed in float32 or wider.

    Raises:
        ValueError: if `losses` or `parameters` is empty, or a loss is not a scalar.

    Source: Yu et al. 2020, Gradient Surgery for Multi-Task Learning.

    Examples:
        Two conflicting gradients, (1, 0) and (-1, 1): each loses its part against the
        other, and the result opposes neither:

        >>> theta = torch.zeros(2, requires_grad=True)
        >>> a, b = theta[0], theta[1] - theta[0]
        >>> pcgrad([a, b], [theta])
        [tensor([0.5000, 1.5000])]

        No conflict, nothing to do:

        >>> pcgrad([a, theta[1]], [theta])
        [tensor([1., 1.])]
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
        rows.append(torch.cat([g.flatten() for g in grads]))
    own = torch.stack(rows)
    own = own.to(torch.promote_types(own.dtype, torch.float32))
    combined = own.clone()
    for i, row in enumerate(combined):
        for j in torch.randperm(len(own), generator=generator).tolist():
            dot = row @ own[j]
            if j != i and dot < 0:
                row -= dot / own[j].square().sum() * own[j]
    parts = combined.sum(dim=0).split([p.numel() for p in shared])
    return [part.view_as(p).to(p.dtype) for part, p in zip(parts, shared, strict=True)]
