"""What bfloat16 does to the mean that LinearCrossEntropyLoss adds up chunk by chunk."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

N, D, V = 1024, 64, 512


def _loss(
    hidden: Tensor, weight: Tensor, target: Tensor, rows: int, **kwargs
) -> Tensor:
    options = nn.LinearCrossEntropyOptions(batch_chunk_size=rows)
    return F.linear_cross_entropy(hidden, weight, target, options=options, **kwargs)


def table() -> str:
    """Tabulate the loss of one bfloat16 batch for several sizes of the chunk.

    Examples:
        >>> rows = [row.strip("| ").split(" | ") for row in table().splitlines()[2:]]
        >>> [row[1] for row in rows]
        ['4.00', '7.91', '8.19', '8.12']
        >>> {row[2] for row in rows}
        {'8.13'}
    """
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(N, D, generator=generator).bfloat16()
    weight = (torch.randn(V, D, generator=generator) / 4).bfloat16().requires_grad_()
    target = torch.randint(V, (N,), generator=generator)
    exact = F.cross_entropy(hidden.double() @ weight.double().T, target)
    (oracle,) = torch.autograd.grad(exact, weight)
    rows = [
        "| rows a chunk | `mean` | `none`, then a float32 mean | float64 "
        "| weight gradient off by |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for size in (1, 4, 32, 1024):
        mean = _loss(hidden, weight, target, size)
        (gradient,) = torch.autograd.grad(mean, weight)
        none = _loss(hidden, weight, target, size, reduction="none").float().mean()
        error = (gradient - oracle).norm() / oracle.norm()
        rows.append(f"| {size} | {mean:.2f} | {none:.2f} | {exact:.2f} | {error:.1%} |")
    return "\n".join(rows)
