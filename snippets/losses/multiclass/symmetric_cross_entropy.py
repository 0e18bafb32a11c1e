"""Symmetric cross-entropy: cross-entropy plus its reverse."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def symmetric_cross_entropy(
    logits: Tensor,
    target: Tensor,
    alpha: float = 0.1,
    beta: float = 1.0,
    log_zero: float = math.log(1e-4),
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """alpha * H(y, p) + beta * H(p, y), where the log of a label of 0 is `log_zero`.

    For one label the reverse term H(p, y) is -log_zero * (1 - p), with p the
    probability of the target class: the mean absolute error, scaled.

    Args:
        logits: `(N, C)` or `(N, C, *)`, floating.
        target: Class indices `(N,)` or `(N, *)`, int64.
        alpha: Factor of cross-entropy; not negative.
        beta: Factor of the reverse; not negative.
        log_zero: What stands for log 0; negative (A in the paper).
        ignore_index: Target value that is left out.
        reduction: `"mean"` (over the targets that are left), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`, 0 where ignored. The mean of
        nothing is 0. Half precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes are not `(N, C, *)` and `(N, *)`, `alpha` or `beta` is
            negative, `log_zero` is not, or
            `reduction` is unknown.

    Source: Y. Wang et al., Symmetric Cross Entropy for Robust Learning with Noisy
    Labels, 2019; defaults as in the authors' code for CIFAR-10.

    Examples:
        >>> logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 3.0, 1.0]])
        >>> target = torch.tensor([0, 2])
        >>> log_label = F.one_hot(target, 3).float().clamp(min=1e-4).log()
        >>> reverse = -(logits.softmax(1) * log_label).sum(1)
        >>> each = 0.1 * F.cross_entropy(logits, target, reduction="none") + reverse
        >>> symmetric_cross_entropy(logits, target).allclose(each.mean())
        True
        >>> plain = symmetric_cross_entropy(logits, target, alpha=1.0, beta=0.0)
        >>> plain == F.cross_entropy(logits, target)
        tensor(True)
    """
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            "logits and target must have shapes (N, C, *) and (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not (alpha >= 0 and beta >= 0 and log_zero < 0):
        raise ValueError(
            "alpha and beta must not be negative and log_zero must be, got "
            f"{alpha}, {beta} and {log_zero}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    cross_entropy = F.cross_entropy(
        logits.to(dtype), target, ignore_index=ignore_index, reduction="none"
    )
    loss = alpha * cross_entropy + beta * log_zero * torch.expm1(-cross_entropy)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / (target != ignore_index).sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
