"""Clip the gradients, or drop them all when one is not finite."""

from collections.abc import Iterable

from torch import Tensor, nn


def clip_or_skip_(
    parameters: Iterable[nn.Parameter], max_norm: float
) -> tuple[Tensor, bool]:
    """Clip by norm; on inf or nan set every gradient to None, so `step` does nothing.

    Reading the norm waits for the device once a step. With `GradScaler`, call
    `unscale_` first; the scaler then skips the step by itself.

    Args:
        parameters: All parameters of the optimizer.
        max_norm: Largest norm of all gradients together.

    Returns:
        The norm before clipping, and whether the gradients were kept.

    Raises:
        ValueError: If `max_norm` is not positive, or no parameter has a gradient.

    Source: torch.nn.utils.clip_grad_norm_, whose `error_if_nonfinite` raises instead.

    Examples:
        >>> import torch
        >>> weights = [nn.Parameter(torch.ones(2)) for _ in range(2)]
        >>> for w in weights:
        ...     w.grad = torch.tensor([3.0, 4.0])
        >>> clip_or_skip_(weights, 1.0)[1], round(weights[0].grad.norm().item(), 3)
        (True, 0.707)
        >>> weights[0].grad[0] = torch.inf
        >>> clip_or_skip_(weights, 1.0), weights[1].grad
        ((tensor(inf), False), None)
    """
    parameters = [p for p in parameters if p.grad is not None]
    if not max_norm > 0:
        raise ValueError(f"max_norm must be positive, got {max_norm}")
    if not parameters:
        raise ValueError("no parameter has a gradient: call backward() first")
    norm = nn.utils.get_total_norm([p.grad for p in parameters])
    if norm.isfinite():
        nn.utils.clip_grads_with_norm_(parameters, max_norm, norm)
        return norm, True
    for p in parameters:
        p.grad = None
    return norm, False
