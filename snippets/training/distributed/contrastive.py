"""A contrastive loss on several processes: four ways to get the negatives."""

import copy

import torch
from torch import Tensor, nn
from torch import distributed as dist
from torch.nn.functional import cross_entropy, normalize
from torch.nn.parallel import DistributedDataParallel


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x: Tensor) -> Tensor:
        return torch.cat(_parts(x))

    @staticmethod
    def backward(ctx, grad: Tensor) -> Tensor:
        grad = grad.contiguous().clone()
        dist.all_reduce(grad)
        return grad.chunk(dist.get_world_size())[dist.get_rank()]


def _parts(x: Tensor) -> list[Tensor]:
    parts = [torch.empty_like(x) for _ in range(dist.get_world_size())]
    dist.all_gather(parts, x.contiguous())
    return parts


def _own_part_kept(x: Tensor) -> Tensor:
    parts = _parts(x)
    parts[dist.get_rank()] = x
    return torch.cat(parts)


def main() -> None:
    """Print size and error of the gradient, relative to one process with all pairs.

    Source: A. van den Oord et al., Representation Learning with Contrastive Predictive
    Coding, 2018; `torch.distributed.all_gather`.

    Examples:
        >>> store = dist.HashStore()
        >>> dist.init_process_group("gloo", store=store, rank=0, world_size=1)
        >>> main()
        keys on each of 1            size  error
        its own only                 1.00   0.00
        all_gather                   0.64   0.95
        all_gather, own part kept    1.00   0.00
        gathered with gradient       1.00   0.00
        >>> dist.destroy_process_group()
    """
    rank, world = dist.get_rank(), dist.get_world_size()
    torch.manual_seed(0)
    x = torch.randn(16, 8)
    views = torch.stack([x, x + torch.randn(16, 8)], dim=1)  # 16 pairs
    whole = nn.Linear(8, 4)
    model = copy.deepcopy(whole)
    ddp = DistributedDataParallel(model)

    def info_nce(encoder, views, gather, first):
        z = normalize(encoder(views.flatten(0, 1)), dim=1).unflatten(0, (-1, 2))
        query, keys = z[:, 0], gather(z[:, 1])
        return cross_entropy(query @ keys.T / 0.1, first + torch.arange(len(query)))

    info_nce(whole, views, lambda keys: keys, 0).backward()
    want = whole.weight.grad
    mine, offset = views.chunk(world)[rank], rank * 16 // world
    if rank == 0:
        print(f"keys on each of {world}            size  error")
    for name, gather, first in (
        ("its own only", lambda keys: keys, 0),
        ("all_gather", lambda keys: torch.cat(_parts(keys)), offset),
        ("all_gather, own part kept", _own_part_kept, offset),
        ("gathered with gradient", _Gather.apply, offset),
    ):
        model.zero_grad()
        info_nce(ddp, mine, gather, first).backward()
        got = model.weight.grad
        size, error = got.norm() / want.norm(), (got - want).norm() / want.norm()
        if rank == 0:
            print(f"{name:27}  {size:.2f}   {error:.2f}")


if __name__ == "__main__":
    dist.init_process_group("gloo")
    main()
    dist.destroy_process_group()
