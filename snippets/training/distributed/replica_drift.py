"""How far the copies of a module on the processes have come apart."""

import torch
from torch import distributed as dist
from torch import nn


@torch.no_grad()
def replica_drift(
    module: nn.Module, group: dist.ProcessGroup | None = None
) -> dict[str, float]:
    """Name the parameters and buffers that differ between the processes.

    Args:
        module: Anything that each process holds whole: a model under DDP, a criterion
            with parameters, an average of weights. Not one that FSDP has sharded.
        group: The processes to compare; all of them if not given.

    Returns:
        Name and largest absolute difference from process 0 of each that is not equal
        everywhere, the same on every process; inf where only some are NaN. Empty if all
        agree, and without a process group.

    Raises:
        TypeError: If a parameter is a DTensor, of which each process holds a shard.

    Source: `torch.distributed.broadcast`, `torch.distributed.all_reduce`.

    Examples:
        >>> replica_drift(nn.Linear(2, 1))
        {}
    """
    values = [*module.named_parameters(), *module.named_buffers()]
    for name, value in values:
        if hasattr(value, "placements"):
            raise TypeError(f"module must be held whole, {name} is a sharded DTensor")
    if not dist.is_initialized() or not values:
        return {}
    gaps = []
    for _, value in values:
        theirs = value.detach().clone()
        dist.broadcast(theirs, group=group, group_src=0)
        same = (value == theirs) | (value.isnan() & theirs.isnan())
        gap = (value.double() - theirs.double()).abs().nan_to_num(nan=torch.inf)
        gap = gap.masked_fill(same, 0).flatten()
        gaps.append(torch.cat([gap.new_zeros(1), gap]).max())  # of an empty one, 0
    gaps = torch.stack(gaps)
    dist.all_reduce(gaps, dist.ReduceOp.MAX, group)
    return {n: g for (n, _), g in zip(values, gaps.tolist(), strict=True) if g}
