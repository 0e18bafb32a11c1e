"""Ways to write a distance: what happens where two points coincide, and how exact."""

import torch
from torch import Tensor
from torch.nn import functional as F


def _gram(a: Tensor, b: Tensor) -> Tensor:
    squared = a.square().sum(-1)[:, None] + b.square().sum(-1) - 2 * a @ b.T
    return squared.clamp(min=0).sqrt()


WAYS = {
    "`.square().sum().sqrt()`": lambda a, b: (a[:, None] - b).square().sum(-1).sqrt(),
    "`vector_norm(a - b)`": lambda a, b: torch.linalg.vector_norm(
        a[:, None] - b, dim=-1
    ),
    "`pairwise_distance`": lambda a, b: F.pairwise_distance(a[:, None], b),
    "`torch.cdist`": torch.cdist,
    "Gram matrix, `.sqrt()`": _gram,
}


def _probe(way) -> tuple[float, float, float]:
    """Distance and gradient of two equal points, and the error on unit vectors.

    Examples:
        >>> distance, gradient, _ = _probe(WAYS["`pairwise_distance`"])
        >>> print(f"{distance:.0e}, {gradient:.1f}")
        2e-06, 0.5
    """
    point = torch.zeros(1, 4, requires_grad=True)
    distance = way(point, torch.zeros(1, 4))
    (gradient,) = torch.autograd.grad(distance.sum(), point)
    unit = torch.randn(64, 128, generator=torch.Generator().manual_seed(0))
    unit = F.normalize(unit, dim=1)
    exact = torch.linalg.vector_norm(unit.double()[:, None] - unit.double(), dim=-1)
    error = (way(unit, unit) - exact).abs().max()
    return distance.item(), gradient[0, 0].item(), error.item()


def table() -> str:
    """Tabulate value and gradient at distance 0, and the error in float32."""
    rows = ["| distance | at 0 | gradient | error |", "| --- | ---: | ---: | ---: |"]
    for name, way in WAYS.items():
        distance, gradient, error = _probe(way)
        rows.append(f"| {name} | {distance:.0e} | {gradient:.1f} | {error:.0e} |")
    return "\n".join(rows).replace("0e+00", "0")
