"""A mean over the samples of all processes, for logs and decisions."""

import torch
from torch import Tensor
from torch import distributed as dist


def reduce_mean(
    total: float | Tensor, count: int | Tensor, group: dist.ProcessGroup | None = None
) -> float:
    """Add totals and counts over the processes, then divide: the same on each of them.

    Args:
        total: Sum over the samples of this process: of losses, or of hits.
        count: How many samples that were; may differ between processes, or be 0.
        group: The processes to add over; all of them if not given.

    Returns:
        The mean over all samples, a float, equal on every process. Without a process
        group it is `total / count`.

    Raises:
        ValueError: If `total` or `count` is not a scalar, or no process counted any.

    Source: `torch.distributed.all_reduce`.

    Examples:
        >>> correct = torch.tensor([True, True, False, True])
        >>> reduce_mean(correct.sum(), len(correct))
        0.75
    """
    device = next((x.device for x in (total, count) if isinstance(x, Tensor)), None)
    if device is None and dist.is_initialized() and dist.get_backend(group) == "nccl":
        device = torch.device("cuda")
    pair = [torch.as_tensor(x, device=device).detach() for x in (total, count)]
    if pair[0].ndim or pair[1].ndim:
        raise ValueError(
            "total and count must be scalars, got shapes "
            f"{tuple(pair[0].shape)} and {tuple(pair[1].shape)}"
        )
    sums = torch.stack([x.double() for x in pair])  # float32 cannot count past 2**24
    if dist.is_initialized():
        dist.all_reduce(sums, group=group)
    mean, samples = sums.tolist()
    if samples <= 0:
        raise ValueError(f"count must be positive on some process, got {samples:g}")
    return mean / samples
