"""How often the quantiles of a small network cross, and what a remedy costs."""

from functools import cache

import torch
from torch import Tensor

from snippets.losses.quantile.multi_quantile_loss import multi_quantile_loss
from snippets.losses.quantile.non_crossing_quantiles import non_crossing_quantiles

SEEDS = 8
LEVELS = [i / 10 for i in range(1, 10)]


def _data(seeds: int, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    # the noise grows from 0.2 at the left to 0.8 at the right
    x = 4 * torch.rand(seeds, n, 1, generator=generator) - 2
    noise = torch.randn(seeds, n, 1, generator=generator)
    return x, (torch.sin(2 * x) + (0.5 + 0.15 * x) * noise).squeeze(2)


def _fit(x: Tensor, y: Tensor, levels: list[float], head=lambda raw: raw, steps=150):
    """Train a network of two hidden layers on each row of the data, all at once."""
    generator = torch.Generator().manual_seed(1)
    parameters = []
    for a, b in (1, 32), (32, 32), (32, len(levels)):
        weight = torch.randn(len(x), a, b, generator=generator) / a**0.5
        parameters += [weight.requires_grad_()]
        parameters += [torch.zeros(len(x), 1, b, requires_grad=True)]

    def model(x: Tensor) -> Tensor:
        w1, b1, w2, b2, w3, b3 = parameters
        hidden = torch.baddbmm(b2, torch.baddbmm(b1, x, w1).tanh(), w2).tanh()
        return head(torch.baddbmm(b3, hidden, w3))

    optimizer = torch.optim.Adam(parameters, lr=0.01)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, steps)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = multi_quantile_loss(model(x), y, levels, reduction="none")
        loss.mean(dim=(1, 2)).sum().backward()
        optimizer.step()
        schedule.step()
    return model


def _interval(values: Tensor, digits: int) -> str:
    # 95 % over the seeds: 2.36 is Student's quantile for 7 degrees of freedom
    mean, half = values.mean().item(), 2.36 * values.std().item() / SEEDS**0.5
    return f"{mean:.{digits}f} ± {half:.{digits}f}"


@cache
def _measure(n: int) -> list[tuple[str, Tensor, Tensor]]:
    generator = torch.Generator().manual_seed(0)
    x, y = _data(SEEDS, n, generator)
    fresh_x, fresh_y = _data(SEEDS, 1000, generator)
    with torch.no_grad():
        free, stacked = (
            torch.enable_grad()(_fit)(x, y, LEVELS, head)(fresh_x)
            for head in (lambda raw: raw, non_crossing_quantiles)
        )
    kinds = {"as they come": free, "the same, sorted": free.sort(dim=2).values}
    kinds["cumulative softplus"] = stacked
    rows = []
    for kind, prediction in kinds.items():
        crossed = (prediction.diff(dim=2) < 0).any(dim=2).float().mean(dim=1)
        loss = multi_quantile_loss(prediction, fresh_y, LEVELS, "none").mean((1, 2))
        rows.append((kind, crossed, loss))
    return rows


def table() -> str:
    """Tabulate inputs with a crossing, and the held-out loss.

    Examples:
        >>> table().count("0 ± 0 |")
        4
    """
    rows = [
        "| training points | quantiles | inputs with a crossing (%) | pinball loss |"
    ]
    rows.append("| ---: | --- | ---: | ---: |")
    for n in (50, 200):
        for kind, crossed, loss in _measure(n):
            share = _interval(100 * crossed, 0)
            rows.append(f"| {n} | {kind} | {share} | {_interval(loss, 4)} |")
    return "\n".join(rows)
