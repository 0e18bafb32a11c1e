"""The logit at which each form of binary cross-entropy leaves the exact value."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def _log_sigmoid(logits: Tensor, target: Tensor, reduction: str) -> Tensor:
    return -(target * F.logsigmoid(logits) + (1 - target) * F.logsigmoid(-logits))


def _bce(logits: Tensor, target: Tensor, reduction: str) -> Tensor:
    return F.binary_cross_entropy(logits.sigmoid(), target, reduction=reduction)


def _log_eps(logits: Tensor, target: Tensor, reduction: str) -> Tensor:
    p, eps = logits.sigmoid(), 1e-8
    return -(target * (p + eps).log() + (1 - target) * (1 - p + eps).log())


def _soft_margin(logits: Tensor, target: Tensor, reduction: str) -> Tensor:
    return F.soft_margin_loss(logits, 2 * target - 1, reduction=reduction)


FORMS = {
    "BCEWithLogitsLoss": F.binary_cross_entropy_with_logits,
    "`logsigmoid`": _log_sigmoid,
    "sigmoid, BCELoss": _bce,
    "sigmoid, `log(p + 1e-8)`": _log_eps,
    "SoftMarginLoss": _soft_margin,
}
DTYPES = (torch.float32, torch.bfloat16, torch.float16)


def _positive(dtype: torch.dtype) -> Tensor:
    """Values from 1/16 to the largest: all of a half type, each 4096th of float32."""
    if dtype == torch.float32:
        return torch.arange(0x3D800000, 0x7F800000, 4096, dtype=torch.int32).view(dtype)
    low, high = {torch.bfloat16: (0x3D80, 0x7F80), torch.float16: (0x2C00, 0x7C00)}[
        dtype
    ]
    return torch.arange(low, high, dtype=torch.int16).view(dtype)


def _leaves(form: Callable[..., Tensor], dtype: torch.dtype, label: int) -> list[str]:
    """Where value and gradient are off by 10 %, and what they are from there on.

    Examples:
        >>> _leaves(_bce, torch.float32, 0)
        ['16.6: 100', '16.6: 0']
        >>> _leaves(_bce, torch.float16, 1)
        ['17.3: 100', '11.1: nan']
    """
    size = _positive(dtype)
    logits = (-size if label else size).requires_grad_()
    value = form(logits, torch.full_like(size, label), reduction="none")
    (slope,) = torch.autograd.grad(value.sum(), logits)
    exact = F.softplus(size.double()), size.double().sigmoid()
    cells = []
    for got, true in zip((value, slope.abs()), exact, strict=True):
        off = ~((got.double() - true).abs() <= 0.1 * true)  # also where it is nan
        first = off.nonzero()[:1, 0]
        cells += [f"{s:.3g}: {got[-1]:.3g}" for s in size[first].tolist()] or ["never"]
    return cells


def table() -> str:
    """Tabulate, for each form and type, the logit from which it is wrong.

    Examples:
        >>> for row in table().splitlines()[3:5]:
        ...     print(row)
        | `logsigmoid` | float32, bfloat16, float16 | never | never | never | never |
        | sigmoid, BCELoss | float32 | 16.6: 100 | 16.6: 0 | 88.8: 100 | 27.7: 0 |
    """
    rows = [
        "| form | type | target 0, loss | gradient | target 1, loss | gradient |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, form in FORMS.items():
        types: dict[str, list[str]] = {}  # of equal cells
        for dtype in DTYPES:
            cells = " | ".join(_leaves(form, dtype, 0) + _leaves(form, dtype, 1))
            types.setdefault(cells, []).append(str(dtype).removeprefix("torch."))
        for cells, names in types.items():
            rows.append(f"| {name} | {', '.join(names)} | {cells} |")
    return "\n".join(rows)
