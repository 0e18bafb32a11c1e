"""Clipping by the global norm, written out."""

from collections.abc import Iterable

import torch
from torch import Tensor


def clip_by_norm(
    grads: Iterable[Tensor], max_norm: float
) -> tuple[list[Tensor], Tensor]:
    """Scale all gradients by the same factor, at most 1.

    Args:
        grads: Gradients of any shapes. They are left as they are.
        max_norm: Largest norm of all gradients together.

    Returns:
        The scaled gradients, and the norm before scaling.

    Raises:
        ValueError: If `max_norm` is not positive.

    Source: torch.nn.utils.clip_grad_norm_; Pascanu et al. 2013, arXiv:1211.5063.

    Examples:
        >>> from torch import nn
        >>> model = nn.Linear(3, 2)
        >>> model(torch.ones(1, 3)).sum().backward()
        >>> grads = [p.grad.clone() for p in model.parameters()]
        >>> ours, norm = clip_by_norm(grads, 0.5)
        >>> theirs = nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        >>> torch.testing.assert_close(norm, theirs)
        >>> torch.testing.assert_close(ours, [p.grad for p in model.parameters()])
    """
    if not max_norm > 0:
        raise ValueError(f"max_norm must be positive, got {max_norm}")
    grads = list(grads)
    norm = torch.stack([g.square().sum() for g in grads]).sum().sqrt()
    factor = (max_norm / (norm + 1e-6)).clamp(max=1)
    return [g * factor for g in grads], norm
