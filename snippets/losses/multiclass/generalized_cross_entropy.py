"""Generalised cross-entropy: between cross-entropy and the mean absolute error."""

import torch
from torch import Tensor
from torch.nn import functional as F


def generalized_cross_entropy(
    logits: Tensor,
    target: Tensor,
    q: float = 0.7,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """(1 - p**q) / q, with p the predicted probability of the target class.

    Its gradient is that of cross-entropy times p**q, so a sample that the model finds
    implausible pulls less; with q = 0 all pull in full.

    Args:
        logits: `(N, C)` or `(N, C, *)`, floating.
        target: Class indices `(N,)` or `(N, *)`, int64.
        q: 0 is cross-entropy, 1 is 1 - p, half the absolute error of the softmax.
        ignore_index: Target value that is left out.
        reduction: `"mean"` (over the targets that are left), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`, 0 where ignored. The mean of
        nothing is 0. Half precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes are not `(N, C, *)` and `(N, *)`, `q`
            is outside [0, 1], or `reduction` is unknown.

    Source: Z. Zhang and M. R. Sabuncu, Generalized Cross Entropy Loss for Training Deep
    Neural Networks with Noisy Labels, 2018; the loss L_q.

    Examples:
        >>> logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 3.0, 1.0]])
        >>> target = torch.tensor([0, 2])
        >>> p = logits.softmax(1).gather(1, target[:, None])
        >>> generalized_cross_entropy(logits, target).allclose(
        ...     ((1 - p**0.7) / 0.7).mean()
        ... )
        True

        Its two ends:

        >>> ends = [generalized_cross_entropy(logits, target, q) for q in (0.0, 1.0)]
        >>> ends[0] == F.cross_entropy(logits, target)
        tensor(True)
        >>> absolute = (logits.softmax(1) - F.one_hot(target, 3)).abs().sum(1)
        >>> ends[1].allclose(absolute.mean() / 2)
        True
    """
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            "logits and target must have shapes (N, C, *) and (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not 0 <= q <= 1:
        raise ValueError(f"q must be between 0 and 1, got {q}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    cross_entropy = F.cross_entropy(
        logits.to(dtype), target, ignore_index=ignore_index, reduction="none"
    )
    loss = cross_entropy if q == 0 else -torch.expm1(-q * cross_entropy) / q
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / (target != ignore_index).sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
