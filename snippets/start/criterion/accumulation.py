"""How far the gradient of accumulated micro-batches is from the full batch's."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.start.criterion.weighted_cross_entropy import weighted_cross_entropy


def table() -> str:
    """Accumulate 64 samples in micro-batches with three normalisations.

    Classes 0, 1, 2 have 48, 12, 4 samples and the weights 1, 4, 12. Shown is the
    distance of the summed gradient from the full batch's, relative to the latter.

    Examples:
        >>> rows = [row.strip("| ").split(" | ") for row in table().splitlines()[2:]]
        >>> rows[0][0], rows[-1][1:]
        ('1', ['0.000', '0.000', '0.000'])
        >>> [float(row[2]) for row in rows], float(rows[0][1]) > 0.3
        ([0.0, 0.0, 0.0, 0.0], True)
    """
    torch.manual_seed(0)
    z = torch.randn(64, 3, dtype=torch.float64, requires_grad=True)
    y = torch.repeat_interleave(torch.arange(3), torch.tensor([48, 12, 4]))
    y = y[torch.randperm(64)]
    w = torch.tensor([1.0, 4.0, 12.0], dtype=torch.float64)

    def gradient(loss: Callable[[Tensor, Tensor], Tensor], size: int) -> Tensor:
        parts = zip(z.split(size), y.split(size), strict=True)
        total = sum(loss(a, b) * len(b) / 64 for a, b in parts)
        return torch.autograd.grad(total, z)[0]

    ways = (
        lambda a, b: F.cross_entropy(a, b, weight=w),
        lambda a, b: weighted_cross_entropy(a, b, w),
        F.cross_entropy,
    )
    lines = [
        "| micro-batch | `weight=w`, `mean` | weighted, divided by N | no weights |",
        "| --- | --- | --- | --- |",
    ]
    for size in (1, 4, 16, 64):
        cells = []
        for loss in ways:
            full = gradient(loss, 64)
            error = (gradient(loss, size) - full).norm() / full.norm()
            cells.append(f"{error.item():.3f}")
        lines.append(f"| {size} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
