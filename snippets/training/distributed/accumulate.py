"""Four micro-batches under DDP: how often it communicates, and where clipping goes."""

import copy

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.algorithms.ddp_comm_hooks.default_hooks import allreduce_hook
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grad_norm_, get_total_norm


def main() -> None:
    """Print the all-reduces of a step, the error of its gradient, and its norms.

    Source: `torch.nn.parallel.DistributedDataParallel.no_sync`.

    Examples:
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
                               all-reduces  error  norm on each
        no no_sync                       4   0.00          1.34
        no_sync                          1   0.00          1.34
        backward only inside             4   0.00          1.34
        clip at the end                  1   0.63          0.50
        clip each micro-batch            1   0.64          0.50
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    x, y = torch.randn(4, 8, 5), torch.randn(4, 8, 1)  # 4 micro-batches of 8
    start = nn.Linear(5, 1)
    (want,) = torch.autograd.grad((start(x) - y).square().mean(), start.weight)
    x, y = x.chunk(world, 1)[rank], y.chunk(world, 1)[rank]

    def step(name: str, no_sync: bool, outside: bool = False, clip: str = "") -> None:
        model, calls = copy.deepcopy(start), []
        ddp = DistributedDataParallel(model)

        def count(state, bucket):
            calls.append(bucket.index())
            return allreduce_hook(state, bucket)

        ddp.register_comm_hook(None, count)
        for i in range(4):
            z = ddp(x[i]) if outside else None
            quiet = no_sync and i < 3  # the last backward sends everything
            with ddp.no_sync() if quiet else torch.enable_grad():
                z = ddp(x[i]) if z is None else z
                ((z - y[i]).square().mean() / 4).backward()
            if clip == "each":
                clip_grad_norm_(model.parameters(), 0.5)
        if clip == "end":
            clip_grad_norm_(model.parameters(), 0.5)
        got = model.weight.grad
        error = (got - want).norm() / want.norm()
        norms = [torch.zeros(()) for _ in range(world)]
        dist.all_gather(norms, get_total_norm(p.grad for p in model.parameters()))
        if rank == 0:
            shown = " ".join(f"{norm:.2f}" for norm in norms)
            print(f"{name:22} {len(calls):11}   {error:.2f}  {shown:>12}")

    if rank == 0:
        print(f"{'':22} all-reduces  error  norm on each")
    for name, options in {
        "no no_sync": (False,),
        "no_sync": (True,),
        "backward only inside": (True, True),
        "clip at the end": (True, False, "end"),
        "clip each micro-batch": (True, False, "each"),
    }.items():
        step(name, *options)


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
