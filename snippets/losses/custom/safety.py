"""Expressions with a bad value or gradient, each above one that is right."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

CASES: dict[str, tuple[float, Callable[[Tensor], Tensor]]] = {
    "`log(sigmoid(x))`": (-200, lambda x: x.sigmoid().log()),
    "→ `F.logsigmoid(x)`": (-200, F.logsigmoid),
    "`log(softmax([0, x]))`": (
        200,
        lambda x: torch.stack([0 * x, x]).softmax(dim=0).log()[0],
    ),
    "→ `log_softmax([0, x])`": (
        200,
        lambda x: torch.stack([0 * x, x]).log_softmax(dim=0)[0],
    ),
    "`log(1 + exp(x))`": (200, lambda x: (1 + x.exp()).log()),
    "→ `F.softplus(x)`": (200, F.softplus),
    "`log(sum(exp(x)))`": (200, lambda x: x.exp().sum().log()),
    "→ `logsumexp(x, 0)`": (200, lambda x: x.logsumexp(0)),
    "`where(x > 0, log(x), 0)`": (0, lambda x: torch.where(x > 0, x.log(), 0)),
    "→ `log(where(x > 0, x, 1))`": (0, lambda x: torch.where(x > 0, x, 1).log()),
    "`x * log(x)`": (0, lambda x: x * x.log()),
    "`xlogy(x, x)`": (0, lambda x: torch.xlogy(x, x)),
    "→ `x * log(clamp(x))`": (0, lambda x: x * x.clamp(min=1e-8).log()),
    "`sqrt(sum(x * x))`": (0, lambda x: x.square().sum().sqrt()),
    "→ `vector_norm(x)`": (0, torch.linalg.vector_norm),
    "`x / x.sum()`": (0, lambda x: x / x.sum()),
    "→ the same of `x + eps`": (0, lambda x: (x + 1e-8) / (x + 1e-8).sum()),
    "`log(clamp(x))`": (0, lambda x: x.clamp(min=1e-8).log()),
}


def table() -> str:
    """Tabulate value and gradient of each expression, with eps = 1e-8.

    Examples:
        >>> rows = table().splitlines()[2:]
        >>> rows[8], rows[9]
        ('| `where(x > 0, log(x), 0)` | 0 | 0 | nan |', \
'| → `log(where(x > 0, x, 1))` | 0 | 0 | 0 |')
    """
    rows = ["| expression | x | value | gradient |", "| --- | ---: | ---: | ---: |"]
    for name, (point, function) in CASES.items():
        x = torch.full((1,), float(point), requires_grad=True)
        value = function(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        shown = f"{value.item() + 0.0:.3g} | {gradient.item() + 0.0:.3g}"
        rows.append(f"| {name} | {point} | {shown} |")
    return "\n".join(rows)
