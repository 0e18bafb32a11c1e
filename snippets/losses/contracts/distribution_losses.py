"""Valid arguments and common mistakes of the sequence and distribution losses."""

from functools import partial
from typing import Any

from torch import nn
from torch.nn import functional as F


def distribution_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = distribution_losses()
        >>> losses["CTCLoss"]["signatures"][0]
        'log-distributions (T, N, C), labels (N, S), lengths T (N), lengths S (N)'
    """
    return {
        "CTCLoss": {
            "class": nn.CTCLoss,
            "function": F.ctc_loss,
            "signatures": [
                "log-distributions (T, N, C), labels (N, S), "
                "lengths T (N), lengths S (N)",
                "log-distributions (T, C), labels (S), lengths T (), lengths S ()",
            ],
            "target": 1,
            "chapter": "ctc.md#contract",
            "wrong": {
                "`(N, T, C)` instead of `(T, N, C)`": lambda p, y, t, s: (
                    p.transpose(0, 1),
                    y,
                    t,
                    s,
                ),
                "logits instead of log-probabilities": lambda p, y, t, s: (
                    p + 2,
                    y,
                    t,
                    s,
                ),
                "probabilities": lambda p, y, t, s: (p.exp(), y, t, s),
                "input lengths above T": lambda p, y, t, s: (p, y, t + 1, s),
                "target lengths above S": lambda p, y, t, s: (p, y, t, s + 1),
                "the blank in the targets": lambda p, y, t, s: (p, y * 0, t, s),
                "targets longer than inputs": lambda p, y, t, s: (
                    p[:1],
                    y,
                    t * 0 + 1,
                    s,
                ),
                "`blank=C`": lambda p, y, t, s: F.ctc_loss(p, y, t, s, blank=3),
                "empty batch": lambda p, y, t, s: (p[:, :0], y[:0], t[:0], s[:0]),
            },
        },
        "KLDivLoss": {
            "class": partial(nn.KLDivLoss, reduction="batchmean"),
            "function": F.kl_div,
            "signatures": [
                "log-distributions (N, C), distributions (N, C)",
                "log-distributions (N, H, W), distributions (N, H, W)",
            ],
            "target": 1,
            "chapter": "distributions.md#kl",
            "wrong": {
                "`reduction` left at `mean`": F.kl_div,
                "arguments swapped": lambda q, p: (p.log(), q.exp()),
                "probabilities as input": lambda q, p: (q.exp(), p),
                "logits as input": lambda q, p: (q + 2, p),
                "log-probabilities as target": lambda q, p: (q, p.log()),
                "a target that sums to 2": lambda q, p: (q, 2 * p),
                "one-hot integers": lambda q, p: (
                    q,
                    (p == p.amax(1, keepdim=True)).long(),
                ),
                '`F.kl_div(q, p, "batchmean")`': lambda q, p: F.kl_div(
                    q, p, "batchmean"
                ),
            },
        },
    }
