"""What each binary and multi-label loss takes and refuses, by running it."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.binary.binary_loss import binary_loss
from snippets.losses.binary.hinge_loss import hinge_loss

# the loss, its target in words, a value of that target
LOSSES = {
    "BCEWithLogitsLoss": (F.binary_cross_entropy_with_logits, "float, 0 to 1", 1.0),
    "BCELoss": (F.binary_cross_entropy, "float, 0 to 1", 1.0),
    "SoftMarginLoss": (F.soft_margin_loss, "-1 or 1", 1.0),
    "MultiLabelSoftMarginLoss": (F.multilabel_soft_margin_loss, "0 to 1", 1.0),
    "MultiLabelMarginLoss": (F.multilabel_margin_loss, "int64 indices, then -1", 0),
    "`binary_loss`": (binary_loss, "0 to 1", 1),
    "`hinge_loss`": (hinge_loss, "-1 or 1", 1),
}


def _says(loss: Callable[..., Tensor], output: Tensor, target: Tensor) -> str:
    try:
        loss(output, target)
    except (RuntimeError, ValueError) as error:
        return type(error).__name__
    return "no error"


def table() -> str:
    """Tabulate target, integer target, unreduced shape and a shape mismatch.

    Examples:
        >>> for row in table().splitlines()[4:6]:
        ...     print(row)
        | SoftMarginLoss | -1 or 1 | no error | `(4, 3)` | RuntimeError |
        | MultiLabelSoftMarginLoss | 0 to 1 | no error | `(4,)` | 1.90 instead of 0.47 |
    """
    rows = [
        "| loss | target | int64 target | `none` gives | `(4, 1)` with `(4,)` |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, (loss, words, value) in LOSSES.items():
        target, output = torch.full((4, 3), value), torch.full((4, 3), 0.5)
        each = loss(output, target, reduction="none")
        narrow = _says(loss, output[:, :1], target[:, 0])
        if narrow == "no error":
            wrong = loss(output[:, :1], target[:, 0])
            right = loss(output[:, :1], target[:, :1])
            narrow = f"{wrong:.2f} instead of {right:.2f}"
        integer = _says(loss, output, target.long())
        cells = [name, words, integer, f"`{tuple(each.shape)}`", narrow]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
