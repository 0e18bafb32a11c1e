"""Rows of all processes, joined so that gradients find their way back."""

import torch
from torch import Tensor
from torch import distributed as dist


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor, group: dist.ProcessGroup | None) -> Tensor:
        ctx.group, ctx.rows = group, len(x)
        parts = [torch.empty_like(x) for _ in range(dist.get_world_size(group))]
        dist.all_gather(parts, x.contiguous(), group)
        return torch.cat(parts)

    @staticmethod
    def backward(ctx, grad: Tensor) -> tuple[Tensor, None]:
        # each process has a gradient for my rows: the true one is their sum
        grad = grad.contiguous().clone()
        dist.all_reduce(grad, group=ctx.group)
        start = dist.get_rank(ctx.group) * ctx.rows
        return grad[start : start + ctx.rows], None


def gather_with_gradient(x: Tensor, group: dist.ProcessGroup | None = None) -> Tensor:
    """Concatenate `x` of every process along its first dimension, differentiably.

    Args:
        x: `(N, ...)`, the same shape and dtype on every process (`drop_last=True`).
        group: The processes to gather from; all of them if not given.

    Returns:
        `(W * N, ...)`, process 0's rows first, equal on each of the W processes; `x`
        itself without a process group. Every process must call `backward()`.

    Raises:
        ValueError: If `x` has no dimension to join along.

    Source: `torch.distributed.all_gather`, which records no gradient.

    Examples:
        >>> x = torch.ones(2, 3, requires_grad=True)
        >>> gather_with_gradient(x) is x
        True
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> gather_with_gradient(x).square().sum().backward()
        >>> torch.equal(x.grad, 2 * x)
        True
        >>> dist.destroy_process_group()
    """
    if x.ndim == 0:
        raise ValueError("x must have at least one dimension, (N, ...), got a scalar")
    return _Gather.apply(x, group) if dist.is_initialized() else x
