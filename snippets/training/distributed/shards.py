"""Bytes on each process under DDP, ZeRO and FSDP, and two faults of sharding."""

import warnings

import torch
from torch import distributed as dist
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel
from torch.nn.utils import clip_grad_norm_, get_total_norm

with warnings.catch_warnings(action="ignore"):  # of TorchScript, inside torch
    from torch.distributed.optim import ZeroRedundancyOptimizer


def _model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 256), nn.ReLU(), nn.Linear(256, 16))


def _sharded(model: nn.Sequential) -> nn.Sequential:
    for layer in (model[0], model[2]):
        fully_shard(layer)
    return fully_shard(model)


def _local(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor


def main() -> None:
    """Print kilobytes after one step of AdamW on each process, and the two faults.

    Source: `torch.distributed.fsdp.fully_shard`,
    `torch.distributed.optim.ZeroRedundancyOptimizer`.

    Examples:
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
        kB on each of 1        weights  gradients  AdamW
        DDP                         83         83    166
        ZeRO                        83         83    166
        FSDP                        83         83    166
        largest step, optimizer built before: 0.000
        largest step, optimizer built after: 0.001
        norm of all gradients: 0.32
        norm of the local shards: 0.32
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    x = torch.randn(32, 64, generator=torch.Generator().manual_seed(rank))

    def kilobytes(tensors) -> str:
        size = sum(t.nbytes for t in map(_local, tensors)) / 1000
        sizes = [torch.zeros(()) for _ in range(world)]
        dist.all_gather(sizes, torch.tensor(size))
        return "/".join(f"{s.item():.0f}" for s in sizes)

    def say(*text) -> None:
        if rank == 0:
            print(*text)

    say(f"kB on each of {world}        weights  gradients  AdamW")
    for name in ("DDP", "ZeRO", "FSDP"):
        model = _sharded(_model()) if name == "FSDP" else _model()
        wrapped = model if name == "FSDP" else DistributedDataParallel(model)
        parameters = list(model.parameters())
        if name == "ZeRO":
            optimizer = ZeroRedundancyOptimizer(parameters, torch.optim.AdamW)
        else:
            optimizer = torch.optim.AdamW(parameters)
        wrapped(x).square().mean().backward()
        optimizer.step()
        state = getattr(optimizer, "optim", optimizer).state.values()
        held = [t for s in state for t in s.values() if t.ndim]
        columns = parameters, [p.grad for p in parameters], held
        say(f"{name:18} {{:>11}} {{:>10}} {{:>6}}".format(*map(kilobytes, columns)))

    for built in ("before", "after"):
        model = _model()
        start = [p.detach().clone() for p in model.parameters()]
        early = torch.optim.AdamW(model.parameters())
        _sharded(model)
        late = torch.optim.AdamW(model.parameters())
        model(x).square().mean().backward()
        (early if built == "before" else late).step()
        pairs = zip(model.parameters(), start, strict=True)
        step = max((p.full_tensor() - s).abs().max() for p, s in pairs)
        say(f"largest step, optimizer built {built}: {step:.3f}")

    norm = clip_grad_norm_(model.parameters(), 1.0).full_tensor()
    say(f"norm of all gradients: {norm:.2f}")
    local = get_total_norm([p.grad.to_local() for p in model.parameters()])
    norms = [torch.zeros(()) for _ in range(world)]
    dist.all_gather(norms, local)
    say("norm of the local shards:", " ".join(f"{n:.2f}" for n in norms))


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
