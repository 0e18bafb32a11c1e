"""Where the versions of binary cross-entropy that are often copied fail."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.custom.custom_binary_cross_entropy import (
    custom_binary_cross_entropy,
)


def _logarithm(z: Tensor, y: Tensor) -> Tensor:
    p = z.sigmoid()
    return -(y * p.log() + (1 - y) * (1 - p).log())


def _epsilon(z: Tensor, y: Tensor) -> Tensor:
    p = z.sigmoid()
    return -(y * (p + 1e-8).log() + (1 - y) * (1 - p + 1e-8).log())


def _clamp(z: Tensor, y: Tensor) -> Tensor:
    p = z.sigmoid().clamp(1e-7, 1 - 1e-7)
    return -(y * p.log() + (1 - y) * (1 - p).log())


def _bce(z: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy(z.sigmoid(), y, reduction="none")


def _absolute(z: Tensor, y: Tensor) -> Tensor:
    return z.clamp(min=0) - z * y + (-z.abs()).exp().log1p()


def _custom(z: Tensor, y: Tensor) -> Tensor:
    return custom_binary_cross_entropy(z, y, reduction="none")


VERSIONS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "`log(p)`": _logarithm,
    "`log(p + 1e-8)`": _epsilon,
    "clamp, log": _clamp,
    "`F.bce(p, y)`": _bce,
    "clamp, abs": _absolute,
    "custom": _custom,
}


def _value_and_gradient(loss: Callable, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    z = z.clone().requires_grad_()
    value = loss(z, y)
    return value.detach(), torch.autograd.grad(value.sum(), z)[0]


def _fails_from(loss: Callable, dtype: torch.dtype) -> str:
    """The least logit of a negative at which value or gradient is 1 % off, or nan."""
    z = torch.arange(1, 201, dtype=dtype)
    y = torch.zeros_like(z)
    exact = _value_and_gradient(_custom, z.double(), y.double())
    found = _value_and_gradient(loss, z, y)
    wrong = torch.zeros(len(z), dtype=torch.bool)
    for ours, right in zip(found, exact, strict=True):
        wrong |= ~torch.isclose(ours.double(), right, rtol=0.01, atol=0)
    return f"{z[wrong][0].item():.0f}" if wrong.any() else "never"


def table() -> str:
    """Tabulate, for a negative (y = 0), the gradient at 0 and the first wrong logit.

    Examples:
        >>> for row in table().splitlines()[2:]:
        ...     print(row.split(" | ", 1)[1])
        0.5 | 15, 7 | inf, nan |
        0.5 | 14, 7 | 18.4, 0 |
        0.5 | 15, 7 | 15.9, 0 |
        0.5 | 15, 7 | 100, 0 |
        1 | never, never | 200, 1 |
        0.5 | never, never | 200, 1 |
    """
    rows = [
        "| version | slope at 0 | wrong from | at 200 |",
        "| --- | ---: | ---: | ---: |",
    ]
    ends, negative = torch.tensor([0.0, 200.0]), torch.zeros(2)
    for name, loss in VERSIONS.items():
        value, gradient = _value_and_gradient(loss, ends, negative)
        cells = [
            name,
            f"{gradient[0].item():.3g}",
            f"{_fails_from(loss, torch.float32)}, {_fails_from(loss, torch.float16)}",
            f"{value[1].item():.3g}, {gradient[1].item():.3g}",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
