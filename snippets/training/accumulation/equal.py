"""What equals the big batch, and how wrong the rest is."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.training.accumulation.accumulate import accumulate

WEIGHT = torch.linspace(1, 10, 10, dtype=torch.float64)
EVEN, UNEVEN = (16, 16, 16, 16), (20, 20, 20, 4)


def _sum(z: Tensor, y: Tensor, weight: Tensor | None = None) -> Tensor:
    return F.cross_entropy(z.flatten(0, -2), y.flatten(), weight, reduction="sum")


def _contrast(z: Tensor, y: Tensor) -> Tensor:
    """InfoNCE: the two halves of a row belong together."""
    one, two = F.normalize(z.unflatten(1, (2, -1)), dim=2).unbind(1)
    return F.cross_entropy(one @ two.T / 0.1, torch.arange(len(z)), reduction="sum")


def _net(*middle: nn.Module) -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 32), *middle, nn.ReLU(), nn.Linear(32, 10))


def _error(net, loss, sizes, divisor, y, x) -> tuple[float, float]:
    """Of the mean of means and of one divisor, relative to the whole batch."""
    torch.manual_seed(1)
    net = net.double()
    parts = list(zip(x.split(sizes), y.split(sizes), strict=True))

    def gradient(scale: float, *groups: list) -> Tensor:
        net.zero_grad()
        for group in groups:
            accumulate(net, lambda z, y: loss(z, y) * scale, group, divisor)
        return torch.cat([p.grad.flatten() for p in net.parameters()])

    whole = gradient(1, [(x, y)])
    means, one = gradient(1 / 4, *([part] for part in parts)), gradient(1, parts)
    return tuple(((g - whole).norm() / whole.norm()).item() for g in (means, one))


def table() -> str:
    """Relative error of the gradient of 64 samples in 4 micro-batches, float64."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x, y = torch.randn(64, 8).double(), torch.randint(10, (64,))
        x[:, 0] += y / 3
        text, token = torch.randn(64, 24, 8).double(), torch.randint(10, (64, 24))
        lengths = torch.randint(2, 25, (64, 1)).sort(0).values
        token[torch.arange(24) >= lengths] = -100
        weighted = lambda z, y: _sum(z, y, WEIGHT)  # noqa: E731
        cases = {
            "plain mean, equal sizes": (_net(), _sum, EVEN, None, y, x),
            "sizes 20, 20, 20, 4": (_net(), _sum, UNEVEN, None, y, x),
            "tokens, sorted by length": (_net(), _sum, EVEN, None, token, text),
            "class weights 1 to 10": (
                *(_net(), weighted, EVEN, lambda y: WEIGHT[y].sum(), y, x),
            ),
            "LayerNorm": (_net(nn.LayerNorm(32)), _sum, EVEN, None, y, x),
            "BatchNorm": (_net(nn.BatchNorm1d(32)), _sum, EVEN, None, y, x),
            "dropout 0.5": (_net(nn.Dropout()), _sum, EVEN, None, y, x),
            "InfoNCE": (_net(), _contrast, EVEN, None, y, x),
        }
        rows = ["| 4 micro-batches | mean of means | one divisor |", "|:--|--:|--:|"]
        for name, case in cases.items():
            shown = ["0" if e < 1e-12 else f"{e:.2f}" for e in _error(*case)]
            rows.append(f"| {name} | {shown[0]} | {shown[1]} |")
    return "\n".join(rows)
