"""Clip the norm of gradients of which some are sparse."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def clip_sparse_grad_norm(
    parameters: Iterable[nn.Parameter], max_norm: float
) -> Tensor:
    """Scale all gradients together so that their norm is at most max_norm.

    Sparse gradients are coalesced: a row that occurs twice counts once, with its sum.

    Args:
        parameters: Parameters; those without a gradient are left out.
        max_norm: Largest norm, above 0.

    Returns:
        The norm before clipping.

    Raises:
        ValueError: If max_norm is not positive.

    Source: `torch.nn.utils.clip_grad_norm_`, which takes dense gradients only.

    Examples:
        >>> table = nn.Embedding(4, 1, sparse=True)
        >>> table(torch.tensor([1, 1])).sum().backward()
        >>> clip_sparse_grad_norm(table.parameters(), 1.0)
        tensor(2.)
        >>> table.weight.grad.to_dense().flatten().round(decimals=3)
        tensor([0., 1., 0., 0.])
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be above 0, got {max_norm}")
    values = []
    for p in parameters:
        if p.grad is None:
            continue
        if p.grad.is_sparse:
            p.grad = p.grad.coalesce()
        values.append(p.grad.values() if p.grad.is_sparse else p.grad)
    total = nn.utils.get_total_norm(values)
    scale = (max_norm / (total + 1e-6)).clamp(max=1)
    for value in values:
        value.mul_(scale)
    return total
