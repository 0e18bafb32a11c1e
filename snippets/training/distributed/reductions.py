"""What DDP makes of each way to reduce a loss, against one process with all samples."""

import torch
from torch import distributed as dist
from torch import nn
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel


def main() -> None:
    """Print size and error of the gradient, relative to the one process.

    Source: `torch.nn.parallel.DistributedDataParallel`.

    Examples:
        With one process, every way is right:

        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
        loss on each of 1          size  error
        mean, equal batches        1.00   0.00
        sum, equal batches         1.00   0.00
        mean, uneven batches       1.00   0.00
        sum * W / total, uneven    1.00   0.00
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)  # all processes make the same 20 samples
    x, y = torch.randn(20, 5), torch.randint(3, (20,))
    equal = [20 // world] * world
    uneven = [20 - 2 * (world - 1)] + [2] * (world - 1)
    model = nn.Linear(5, 3)
    ddp = DistributedDataParallel(model)

    def mean(z, y):
        return cross_entropy(z, y)

    def sum_(z, y):
        return cross_entropy(z, y, reduction="sum")

    def scaled(z, y):
        count = torch.tensor(len(y))
        dist.all_reduce(count)  # samples of all processes
        return sum_(z, y) * world / count

    if rank == 0:
        print(f"loss on each of {world}          size  error")
    for name, loss, sizes, wanted in (
        ("mean, equal batches", mean, equal, mean),
        ("sum, equal batches", sum_, equal, sum_),
        ("mean, uneven batches", mean, uneven, mean),
        ("sum * W / total, uneven", scaled, uneven, mean),
    ):
        (want,) = torch.autograd.grad(wanted(model(x), y), model.weight)
        mine = slice(sum(sizes[:rank]), sum(sizes[: rank + 1]))
        ddp.zero_grad()
        loss(ddp(x[mine]), y[mine]).backward()  # averages over the processes
        got = model.weight.grad
        size, error = got.norm() / want.norm(), (got - want).norm() / want.norm()
        if rank == 0:
            print(f"{name:25}  {size:.2f}   {error:.2f}")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
