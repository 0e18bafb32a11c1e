"""Three batches on process 0, fewer on the others: Join lets all of them finish."""

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.algorithms.join import Join
from torch.nn.parallel import DistributedDataParallel


def main() -> None:
    """Print the gradients that process 0 gets while the others run out of data.

    The loss is the weight itself, so the gradient of each process is 1.

    Source: `torch.distributed.algorithms.join.Join`.

    Examples:
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
        divide by all 1: 1.0 1.0 1.0
        divide by those that have data: 1.0 1.0 1.0
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    for name, divide_by_all in (
        (f"divide by all {world}", True),  # the default
        ("divide by those that have data", False),
    ):
        ddp = DistributedDataParallel(nn.Linear(1, 1, bias=False))
        optimizer = torch.optim.SGD(ddp.parameters(), lr=0.1)
        seen = []
        with Join([ddp], divide_by_initial_world_size=divide_by_all):
            for _ in range(3 - min(rank, 2)):
                optimizer.zero_grad()
                ddp(torch.ones(1, 1)).sum().backward()
                optimizer.step()
                seen.append(f"{ddp.module.weight.grad.item():.1f}")
        if rank == 0:
            print(f"{name}: {' '.join(seen)}")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
