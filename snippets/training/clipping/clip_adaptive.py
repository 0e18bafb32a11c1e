"""Adaptive gradient clipping: each unit's gradient relative to its weights."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


def _unit_norm(x: Tensor) -> Tensor:
    """Norm of each row or filter, and of the whole of a vector."""
    dims = tuple(range(min(1, x.ndim - 1), x.ndim))
    return torch.linalg.vector_norm(x, dim=dims, keepdim=True)


@torch.no_grad()
def clip_adaptive_(
    parameters: Iterable[nn.Parameter], clipping: float = 0.01, eps: float = 1e-3
) -> None:
    """Limit each unit's gradient norm to `clipping` times its weight norm.

    A unit is a row of a matrix or a filter of a convolution. NFNets leave the last
    layer out.

    Args:
        parameters: Parameters to clip.
        clipping: Largest ratio of gradient norm to weight norm.
        eps: Least weight norm, so that zero weights can move.

    Raises:
        ValueError: If `clipping` or `eps` is not positive.

    Source: Brock et al. 2021, arXiv:2102.06171; timm, timm/utils/agc.py.

    Examples:
        >>> weight = nn.Parameter(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        >>> weight.grad = torch.tensor([[0.0, 9.0], [0.0, 9.0]])
        >>> clip_adaptive_([weight])
        >>> weight.grad  # 0.01 times 5, and 0.01 times eps
        tensor([[0.0000e+00, 5.0000e-02],
                [0.0000e+00, 1.0000e-05]])
    """
    if not clipping > 0 or not eps > 0:
        raise ValueError(f"clipping, eps must be positive, got {clipping}, {eps}")
    for p in parameters:
        if p.grad is None:
            continue
        limit = _unit_norm(p).clamp(min=eps) * clipping
        norm = _unit_norm(p.grad)
        p.grad.mul_((limit / norm.clamp(min=1e-6)).clamp(max=1))
