"""Valid arguments and common mistakes of the multi-class losses."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_ce = F.cross_entropy
_SOFTMAX = {"softmax applied before": lambda z, y: (z.softmax(1), y)}
_ONE_HOT = {"one-hot integers": lambda z, y: (z, F.one_hot(y, 3))}
_IGNORED = {"every target ignored (-100)": lambda z, y: (z, y * 0 - 100)}
_RANGE = {
    "classes from 1 to C": lambda z, y: (z, y + 1),
    "class -1": lambda z, y: (z, y - 1),
}


def _expand(tensor: Tensor, steps: int) -> Tensor:
    """The same at each of `steps` positions, in dimension 1."""
    return tensor[:, None].expand(5, steps, *tensor.shape[1:])


def multiclass_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = multiclass_losses()
        >>> losses["CrossEntropyLoss"]["signatures"][0]
        'logits (N, C), classes (N)'
    """
    return {
        "CrossEntropyLoss": {
            "class": nn.CrossEntropyLoss,
            "function": _ce,
            "signatures": [
                "logits (N, C), classes (N)",
                "logits (C), classes ()",
                "logits (N, C, T), classes (N, T)",
                "logits (N, C, H, W), classes (N, H, W)",
                "logits (N, C), distributions (N, C)",
            ],
            "target": 1,
            "chapter": "multiclass.md#cross-entropy",
            "wrong": {
                **_SOFTMAX,
                **_ONE_HOT,
                **_RANGE,
                **_IGNORED,
                "one output for two classes": lambda z, y: (z[:, :1], y.clamp(max=1)),
                "logits `(N,)`": lambda z, y: (z[:, 0], y),
                "logits `(N, T, C)`": lambda z, y: (_expand(z, 7), _expand(y, 7)),
                "logits `(N, T, C)` with T = C": lambda z, y: (
                    _expand(z, 3),
                    _expand(y, 3),
                ),
                "probabilities that sum to 2": lambda z, y: (z, 2.0 * F.one_hot(y, 3)),
                "`weight` of the wrong length": lambda z, y: _ce(z, y, torch.ones(2)),
                "`weight` in float64": lambda z, y: _ce(z, y, torch.ones(3).double()),
                "`ignore_index` with probabilities": lambda z, y: _ce(
                    z, F.one_hot(y, 3).float(), ignore_index=0
                ),
                '`F.cross_entropy(z, y, "sum")`': lambda z, y: _ce(z, y, "sum"),
                "`nn.CrossEntropyLoss(z, y)`": nn.CrossEntropyLoss,
            },
        },
        "NLLLoss": {
            "class": nn.NLLLoss,
            "function": F.nll_loss,
            "signatures": [
                "log-distributions (N, C), classes (N)",
                "logits (C), classes ()",
                "log-distributions (N, C, H, W), classes (N, H, W)",
            ],
            "target": 1,
            "chapter": "multiclass.md#nll",
            "wrong": {
                "logits instead of log-probabilities": lambda z, y: (z + 2, y),
                "probabilities": lambda z, y: (z.exp(), y),
                "one-hot numbers": lambda z, y: (z, F.one_hot(y, 3).float()),
                **_RANGE,
                **_IGNORED,
            },
        },
        "MultiMarginLoss": {
            "class": nn.MultiMarginLoss,
            "function": F.multi_margin_loss,
            "signatures": ["logits (N, C), classes (N)", "logits (C), classes ()"],
            "target": 1,
            "chapter": "multiclass.md#multi-margin",
            "wrong": _SOFTMAX | _ONE_HOT | _RANGE | _IGNORED,
        },
    }
