"""Focal loss over exclusive classes, with a factor for each class."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def multiclass_focal_loss(
    logits: Tensor,
    target: Tensor,
    alpha: Tensor | None = None,
    gamma: float = 2.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Softmax cross-entropy times (1 - p_t)**gamma and the factor of the true class.

    p_t is exp(-cross_entropy) only while the cross-entropy is unweighted, so `alpha`
    enters after it.

    Args:
        logits: `(N, C)` or `(N, C, *)`; floating point.
        target: Class indices `(N,)` or `(N, *)`; int64.
        alpha: A factor for each class, `(C,)`; None is 1 for all.
        gamma: Not negative. 0 is cross-entropy.
        ignore_index: Targets of this value cost 0 and are not counted by the mean.
        reduction: `"mean"` (over targets that are not ignored; 0 if there are none;
            never divided by `alpha`), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes do not fit, `alpha` is not `(C,)`, `gamma` is negative
            or not finite, or `reduction` is unknown.

    Source: T.-Y. Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 5, with
    softmax in place of the sigmoid.

    Examples:
        >>> logits = torch.tensor([[2.0, 0.0, 0.0], [0.0, 0.0, 3.0], [1.0, 0.0, 0.0]])
        >>> target = torch.tensor([0, 1, -100])
        >>> multiclass_focal_loss(logits, target, gamma=0.0).allclose(
        ...     F.cross_entropy(logits, target)
        ... )
        True

        Two classes are the binary loss at the difference of the logits:

        >>> pair, y = torch.tensor([[0.5, -1.0]]), torch.tensor([0])
        >>> p = torch.tensor(1.5).sigmoid()
        >>> multiclass_focal_loss(pair, y).allclose(-((1 - p) ** 2) * p.log())
        True
    """
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            "logits and target must have shapes (N, C, *) and (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if alpha is not None and not isinstance(alpha, Tensor):
        raise ValueError(
            f"alpha must be a tensor, one factor for each class, got {alpha}"
        )
    if alpha is not None and alpha.shape != logits.shape[1:2]:
        raise ValueError(
            f"alpha must have shape ({logits.shape[1]},), got {tuple(alpha.shape)}"
        )
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be finite and not negative, got {gamma}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    ce = F.cross_entropy(
        logits.to(dtype), target, ignore_index=ignore_index, reduction="none"
    )
    # 1 - p_t; not 0, where the gradient of a power below 1 is infinite
    easy = -torch.expm1(-ce)
    loss = easy.clamp(min=torch.finfo(dtype).tiny) ** gamma * ce
    valid = target != ignore_index
    if alpha is not None:
        loss = loss * alpha.to(dtype)[target.where(valid, 0)]
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / valid.sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
