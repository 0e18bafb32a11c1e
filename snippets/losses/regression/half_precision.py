"""Where each regression loss leaves the range of float16 and of bfloat16."""

import torch
from torch import Tensor

from snippets.losses.regression.contract import LOSSES
from snippets.losses.regression.log_cosh import log_cosh


def _naive(prediction: Tensor, target: Tensor, reduction: str) -> Tensor:
    loss = (prediction - target).cosh().log()
    return loss.mean() if reduction == "mean" else loss


def _first(error: Tensor, where: Tensor) -> str:
    return "never" if where[0] or not where.any() else f"{error[where][0].item():.3g}"


def table() -> str:
    """Tabulate the least error at which value and gradient are in the type's range.

    Examples:
        >>> for row in table().splitlines()[2:6:2]:
        ...     print(row)
        | MSELoss | 256 | 0.000173 | 0.000978 | 1.84e+19 |
        | HuberLoss | never | 0.000244 | 0.00196 | never |
    """
    rows = [
        "| loss | float16: inf from | float16: 0 below | float16: gradient 0 below "
        "| bfloat16: inf from |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    losses = {name: loss for name, (loss, *_) in LOSSES.items()}
    losses |= {"`e.cosh().log()`": _naive, "`log_cosh`": log_cosh}
    for name, loss in losses.items():
        cells = [name]
        for dtype, infinity in (torch.float16, 0x7C00), (torch.bfloat16, 0x7F80):
            # every positive value of the type, in order, as the error
            bits = torch.arange(65536).clamp(1, infinity - 1).to(torch.int16)
            error = bits.view(dtype).requires_grad_()
            zero = torch.zeros_like(error)
            value = loss(error, zero, reduction="none")
            cells.append(_first(error, ~value.isfinite()))
            if dtype == torch.float16:
                loss(error, zero, reduction="mean").backward()
                cells.append(_first(error, value != 0))
                cells.append(_first(error, error.grad != 0))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
