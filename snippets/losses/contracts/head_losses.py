"""Valid arguments and common mistakes of the last-layer losses."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_WRONG = {
    "one-hot integers": lambda x, y: (x, F.one_hot(y, 3)),
    "classes from 1 to C": lambda x, y: (x, y + 1),
    "class -1": lambda x, y: (x, y - 1),
}


def _linear(reduction: str = "mean") -> Callable[[Tensor, Tensor], Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)  # the same weights at every call
        module = nn.LinearCrossEntropyLoss(11, 3, reduction=reduction)
    return lambda x, y: module.to(x.dtype)(x, y)


def _adaptive(reduction: str = "mean") -> Callable[[Tensor, Tensor], Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = nn.AdaptiveLogSoftmaxWithLoss(11, 3, cutoffs=[1])
    return {
        "mean": lambda x, y: module.to(x.dtype)(x, y).loss,
        "sum": lambda x, y: -module(x, y).output.sum(),
        "none": lambda x, y: -module(x, y).output,
    }.get(reduction, str)


def head_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = head_losses()
        >>> losses["LinearCrossEntropyLoss"]["signatures"][0]
        'reals (N, D), classes (N)'
    """
    return {
        "AdaptiveLogSoftmaxWithLoss": {
            "class": _adaptive,
            "signatures": ["reals (N, D), classes (N)", "reals (D), classes ()"],
            "target": 1,
            "chapter": "multiclass.md#adaptive-softmax",
            "wrong": _WRONG | {"features of another width": lambda x, y: (x[:, 1:], y)},
        },
        "LinearCrossEntropyLoss": {
            "class": _linear,
            "signatures": [
                "reals (N, D), classes (N)",
                "reals (D), classes ()",
                "reals (N, D), distributions (N, C)",
            ],
            "target": 1,
            "chapter": "language.md#linear-cross-entropy",
            "wrong": {
                **_WRONG,
                "every target ignored (-100)": lambda x, y: (x, y * 0 - 100),
                "logits instead of features": lambda x, y: (x[:, :3], y),
                "features in bfloat16, weights in float32": lambda x, y: (
                    nn.LinearCrossEntropyLoss(11, 3)(x.bfloat16(), y)
                ),
            },
        },
    }
