"""Where the versions of cross-entropy that are often copied fail."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.custom.custom_cross_entropy import custom_cross_entropy


def _pick(log_p: Tensor, y: Tensor) -> Tensor:
    return -log_p.gather(1, y[:, None]).mean()


def _softmax_log(z: Tensor, y: Tensor) -> Tensor:
    return _pick(z.softmax(dim=1).log(), y)


def _epsilon(z: Tensor, y: Tensor) -> Tensor:
    return _pick((z.softmax(dim=1) + 1e-8).log(), y)


def _exponentials(z: Tensor, y: Tensor) -> Tensor:
    return _pick(z - z.exp().sum(dim=1, keepdim=True).log(), y)


def _mean_of_all(z: Tensor, y: Tensor) -> Tensor:
    return -(F.one_hot(y, z.shape[1]) * z.log_softmax(dim=1)).mean()


def _twice(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.softmax(dim=1), y)


VERSIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "`log(p)`": _softmax_log,
    "`log(p + 1e-8)`": _epsilon,
    "`log(sum(exp))`": _exponentials,
    "one-hot `.mean()`": _mean_of_all,
    "softmax twice": _twice,
    "custom": custom_cross_entropy,
}


def _value_and_gradient(loss: Callable, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    z = z.clone().requires_grad_()
    value = loss(z, y)
    return value.detach(), torch.autograd.grad(value, z)[0]


def table() -> str:
    """Tabulate value and gradient against torch, and at one confident wrong sample.

    Examples:
        >>> for row in table().splitlines()[2:]:
        ...     print(row.split(" | ", 1)[1])
        1.00, 1.00 | inf, nan | inf, nan |
        1.00, 1.00 | 18.4, 0 | inf, nan |
        1.00, 1.00 | inf, nan | inf, nan |
        0.20, 0.20 | 40, 0.2 | 4, 0.2 |
        0.81, 0.18 | 1.9, 0 | 1.9, 0 |
        1.00, 1.00 | 200, 1 | 20, 1 |
    """
    generator = torch.Generator().manual_seed(0)
    ordinary = torch.randn(64, 5, generator=generator)
    label = torch.randint(5, (64,), generator=generator)
    value, gradient = _value_and_gradient(F.cross_entropy, ordinary, label)
    rows = [
        "| version | ordinary | float32, 200 | float16, 20 |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, loss in VERSIONS.items():
        found, slope = _value_and_gradient(loss, ordinary, label)
        cells = [
            name,
            f"{(found / value).item():.2f}, "
            f"{(slope.norm() / gradient.norm()).item():.2f}",
        ]
        for dtype, logit in (torch.float32, 200.0), (torch.float16, 20.0):
            z = torch.tensor([[logit, 0, 0, 0, 0]], dtype=dtype)
            found, slope = _value_and_gradient(loss, z, torch.tensor([1]))
            cells.append(f"{found.item():.3g}, {slope[0, 0].item():.3g}")
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
