"""The loss of one process, scaled so that averaged gradients are those of the mean."""

import torch
from torch import Tensor
from torch import distributed as dist


def global_mean(
    loss_sum: Tensor, count: int | Tensor, group: dist.ProcessGroup | None = None
) -> Tensor:
    """Divide a sum by the count of all processes, for DDP and FSDP, which average.

    With W processes that is `W * loss_sum / (sum of all counts)`. Its gradient,
    averaged over the processes, is that of the mean over the samples (or tokens) of all
    of them, however unequal the counts. Call it on every process, once a backward.

    Args:
        loss_sum: Sum of the losses on this process, a scalar; `reduction="sum"`.
        count: How many terms that sum has: samples, or tokens that are not padding. 0
            is fine. For several micro-batches, their total.
        group: The processes that share the gradient; all of them if not given.

    Returns:
        A scalar to call `backward()` on. Its average over the processes is the global
        mean, its value on one process is not. 0 if nothing was counted anywhere. In one
        process without a process group it is the mean.

    Raises:
        ValueError: If `loss_sum` or `count` is not a scalar.

    Source: `torch.nn.parallel.DistributedDataParallel`, which divides the sum of the
    gradients by the number of processes.

    Examples:
        >>> z, y = torch.randn(4, 3), torch.tensor([0, 2, -100, 1])
        >>> loss_sum = torch.nn.functional.cross_entropy(z, y, reduction="sum")
        >>> mean = torch.nn.functional.cross_entropy(z, y)
        >>> torch.isclose(global_mean(loss_sum, (y != -100).sum()), mean)
        tensor(True)
    """
    total = torch.as_tensor(count, device=loss_sum.device).detach().clone()
    if loss_sum.ndim or total.ndim:
        raise ValueError(
            "loss_sum and count must be scalars, got shapes "
            f"{tuple(loss_sum.shape)} and {tuple(total.shape)}"
        )
    world = 1
    if dist.is_initialized():
        dist.all_reduce(total, group=group)
        world = dist.get_world_size(group)
    return loss_sum * world / total.clamp(min=1)
