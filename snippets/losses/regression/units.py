"""The same Huber fit with the target in three units."""

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.regression.robust_delta import robust_delta


def _fit(x: Tensor, target: Tensor, loss=F.huber_loss, **kwargs) -> Tensor:
    scale = target.std()
    line = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.Adam([line], lr=0.1)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, 300)
    for _ in range(300):
        optimizer.zero_grad()
        loss(scale * (line[0] * x + line[1]), target, **kwargs).backward()
        optimizer.step()
        schedule.step()
    return (scale * line).detach()


def table() -> str:
    """Tabulate the slope at delta 1 and at a delta from the residuals, by unit.

    Examples:
        >>> print(table())
        | target in | slope at delta 1 | robust delta | slope at that |
        | --- | ---: | ---: | ---: |
        | km | 1.24 | 0.000678 | 1.90 |
        | m | 1.88 | 0.678 | 1.90 |
        | mm | 1.92 | 678 | 1.90 |
    """
    generator = torch.Generator().manual_seed(0)
    x = torch.linspace(-2, 2, 200)
    y = 2 * x + 1 + 0.5 * torch.randn(200, generator=generator)
    y[100::5] -= 10  # one point in ten, on the right half
    rows = ["| target in | slope at delta 1 | robust delta | slope at that |"]
    rows.append("| --- | ---: | ---: | ---: |")
    for unit, metre in (("km", 1e-3), ("m", 1.0), ("mm", 1e3)):
        slope, intercept = _fit(x, y * metre, F.l1_loss)
        delta = robust_delta(slope * x + intercept - y * metre)
        one, robust = (_fit(x, y * metre, delta=d)[0] / metre for d in (1.0, delta))
        rows.append(f"| {unit} | {one:.2f} | {delta:.3g} | {robust:.2f} |")
    return "\n".join(rows)
