"""Cross-entropy for logits whose classes come last, as sequence models return them."""

import torch
from torch import Tensor
from torch.nn import functional as F


def sequence_cross_entropy(
    logits: Tensor, target: Tensor, ignore_index: int = -100, reduction: str = "mean"
) -> Tensor:
    """Cross-entropy over every position that is not ignored, classes in the last dim.

    `F.cross_entropy` reads the second dimension as classes. Given `(N, T, C)` it
    raises, unless T equals C or the target holds probabilities; then it is silent.

    Args:
        logits: `(N, T, C)`, floating.
        target: Class indices `(N, T)`, int64.
        ignore_index: Target value that marks padding; it need not be a class.
        reduction: `"mean"` (over the positions that are left), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N, T)` for `"none"`, 0 where ignored. The mean of nothing is 0,
        where torch gives nan. Half precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes are not `(N, T, C)` and `(N, T)`, `target` is not
            int64, or `reduction` is unknown.

    Source: `torch.nn.functional.cross_entropy`.

    Examples:
        >>> logits = torch.arange(30.0).sin().view(2, 3, 5)
        >>> target = torch.tensor([[1, 4, 0], [2, -100, -100]])
        >>> loss = sequence_cross_entropy(logits, target)
        >>> loss.allclose(F.cross_entropy(logits.transpose(1, 2), target))
        True
        >>> sequence_cross_entropy(logits.transpose(1, 2), target)
        Traceback (most recent call last):
        ValueError: logits and target must have shapes (N, T, C) and (N, T), got \
(2, 5, 3) and (2, 3)
        >>> sequence_cross_entropy(logits, torch.full((2, 3), -100))
        tensor(0.)
    """
    if logits.ndim != 3 or target.shape != logits.shape[:2]:
        raise ValueError(
            "logits and target must have shapes (N, T, C) and (N, T), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.dtype != torch.int64:
        raise ValueError(f"target must be torch.int64, got {target.dtype}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    loss = F.cross_entropy(
        logits.flatten(0, 1).to(dtype),
        target.flatten(),
        ignore_index=ignore_index,
        reduction="none" if reduction == "none" else "sum",
    )
    if reduction == "none":
        return loss.view_as(target)
    if reduction == "sum":
        return loss
    return loss / (target != ignore_index).sum().clamp(min=1)
