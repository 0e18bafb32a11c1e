"""Valid arguments and common mistakes of the binary and multi-label losses."""

from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

_bce = F.binary_cross_entropy_with_logits
_SIGMOID = {"sigmoid applied before": lambda z, y: (z.sigmoid(), y)}
_SIGNS = {"targets -1 and 1": lambda z, y: (z, 2 * y - 1)}


def binary_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = binary_losses()
        >>> losses["BCEWithLogitsLoss"]["signatures"][0]
        'logits (N, C), zeros and ones (N, C)'
    """
    return {
        "BCEWithLogitsLoss": {
            "class": nn.BCEWithLogitsLoss,
            "function": _bce,
            "signatures": [
                "logits (N, C), zeros and ones (N, C)",
                "logits (*), probabilities (*)",
            ],
            "target": 1,
            "chapter": "binary.md#bce-with-logits",
            "wrong": {
                **_SIGMOID,
                **_SIGNS,
                "targets 0 and 255": lambda z, y: (z, 255 * y),
                "a number as `pos_weight`": lambda z, y: nn.BCEWithLogitsLoss(
                    pos_weight=3.0
                ),
                "`pos_weight` `(N,)`": lambda z, y: _bce(
                    z, y, pos_weight=torch.ones(5)
                ),
                "`weight` `(N,)`": lambda z, y: _bce(z, y, weight=torch.ones(5)),
            },
        },
        "BCELoss": {
            "class": nn.BCELoss,
            "function": F.binary_cross_entropy,
            "signatures": [
                "probabilities (N, C), zeros and ones (N, C)",
                "probabilities (*), probabilities (*)",
            ],
            "target": 1,
            "chapter": "binary.md#bce",
            "wrong": {
                "logits instead of probabilities": lambda p, y: (p.logit(), y),
                **_SIGNS,
                "probabilities rounded to 0 and 1": lambda p, y: (
                    (1e4 * p.logit()).sigmoid(),
                    y,
                ),
            },
        },
        "SoftMarginLoss": {
            "class": nn.SoftMarginLoss,
            "function": F.soft_margin_loss,
            "signatures": ["logits (N, C), signs (N, C)", "logits (*), signs (*)"],
            "target": 1,
            "chapter": "binary.md#soft-margin",
            "wrong": _SIGMOID | {"targets 0 and 1": lambda z, y: (z, (y + 1) / 2)},
        },
        "MultiLabelSoftMarginLoss": {
            "class": nn.MultiLabelSoftMarginLoss,
            "function": F.multilabel_soft_margin_loss,
            "signatures": [
                "logits (N, C), zeros and ones (N, C)",
                "logits (C), zeros and ones (C)",
            ],
            "target": 1,
            "chapter": "binary.md#multi-label-soft-margin",
            "wrong": _SIGMOID | _SIGNS,
        },
        "MultiLabelMarginLoss": {
            "class": nn.MultiLabelMarginLoss,
            "function": F.multilabel_margin_loss,
            "signatures": [
                "logits (N, C), label lists (N, C)",
                "logits (C), label lists (C)",
            ],
            "target": 1,
            "chapter": "binary.md#multi-label-margin",
            "wrong": {
                "zeros and ones instead of a list": lambda z, y: (z, (y >= 0).long()),
                "a list that names class C": lambda z, y: (z, y + 2),
            },
        },
    }
