"""Linear warm-up, then a cosine to a floor, without a wasted step at either end."""

import math

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR


def warmup_cosine(
    optimizer: Optimizer, warmup: int, total: int, floor: float = 0.0
) -> LambdaLR:
    """Schedule `total` optimizer steps; call `scheduler.step()` after each.

    Step t of the warm-up uses t / (warmup + 1) of the rate that the optimizer was
    built with, so the first step moves and step warmup + 1 is the peak. The cosine
    would reach the floor one step after the last, and stays there.

    Args:
        optimizer: Built with the peak rates; each group keeps its own.
        warmup: Number of warm-up steps; 0 starts at the peak.
        total: Number of all steps, in the unit of your `scheduler.step()` calls.
        floor: The fraction of the peak at the end, 0.1 for a tenth.

    Raises:
        ValueError: If not 0 <= warmup < total, or floor is outside 0 to 1.

    Source: the schedule of nanoGPT's `train.py`; `torch.optim.lr_scheduler.LambdaLR`.

    Examples:
        >>> import torch
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = warmup_cosine(optimizer, warmup=3, total=8)
        >>> rates = []
        >>> for _ in range(10):
        ...     rates.append(round(optimizer.param_groups[0]["lr"], 2))
        ...     optimizer.step()
        ...     scheduler.step()
        >>> rates[:8]
        [0.25, 0.5, 0.75, 1.0, 0.9, 0.65, 0.35, 0.1]
        >>> rates[8:]  # past the end
        [0.0, 0.0]
    """
    if not 0 <= warmup < total:
        raise ValueError(
            f"warmup must be from 0 to total - 1, got {warmup} of total {total}"
        )
    if not 0 <= floor <= 1:
        raise ValueError(f"floor must be from 0 to 1, got {floor}")

    def multiplier(calls: int) -> float:
        if calls < warmup:
            return (calls + 1) / (warmup + 1)
        progress = min(1.0, (calls - warmup) / (total - warmup))
        return floor + (1 - floor) * (1 + math.cos(math.pi * progress)) / 2

    return LambdaLR(optimizer, multiplier)
