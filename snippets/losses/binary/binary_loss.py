"""Binary cross-entropy from logits that refuses what torch lets pass."""

import torch
from torch import Tensor
from torch.nn import functional as F


def binary_loss(
    logits: Tensor,
    target: Tensor,
    pos_weight: float | Tensor | None = None,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """`F.binary_cross_entropy_with_logits` with checks and label smoothing.

    Args:
        logits: `(N,)`, or `(N, C, *)` with one logit for each of C labels; floating
            point.
        target: The shape of `logits`; bool, integer or floating, from 0 to 1. The
            check of the range makes a GPU wait for it.
        pos_weight: A number, or `(C,)`: one for each label, which is dimension 1 of
            `logits` whatever follows it.
        label_smoothing: Share s of the target that is replaced by 0.5, in [0, 1): 1
            becomes 1 - s / 2 and 0 becomes s / 2.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `logits` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, a target is NaN or outside [0, 1],
            `pos_weight` does not fit or is negative, or `label_smoothing` or
            `reduction` is invalid.

    Source: `torch.nn.BCEWithLogitsLoss`; label smoothing: C. Szegedy et al., Rethinking
    the Inception Architecture for Computer Vision, 2016, section 7, for two classes.

    Examples:
        >>> logits, target = torch.tensor([2.0, -1.0]), torch.tensor([1, 0])
        >>> loss = binary_loss(logits, target, pos_weight=3.0)
        >>> weight = torch.tensor(3.0)
        >>> loss == torch.nn.BCEWithLogitsLoss(pos_weight=weight)(
        ...     logits, target.float()
        ... )
        tensor(True)

        Smoothing is that of cross-entropy over the two logits (0, z):

        >>> scores = torch.stack([torch.zeros(2), logits], dim=1)
        >>> smooth = F.cross_entropy(scores, target, label_smoothing=0.1)
        >>> binary_loss(logits, target, label_smoothing=0.1).allclose(smooth)
        True
        >>> binary_loss(logits[:, None], target)
        Traceback (most recent call last):
        ValueError: logits and target must have the same shape, got (2, 1) and (2,)
    """
    if logits.shape != target.shape:
        raise ValueError(
            "logits and target must have the same shape, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    wrong = target[~((target >= 0) & (target <= 1))]
    if wrong.numel():
        raise ValueError(f"target must be from 0 to 1, got {wrong[0].item()}")
    if not 0 <= label_smoothing < 1:
        raise ValueError(f"label_smoothing must be in [0, 1), got {label_smoothing}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    if pos_weight is not None:
        pos_weight = torch.as_tensor(pos_weight, dtype=dtype, device=logits.device)
        if not ((pos_weight >= 0) & pos_weight.isfinite()).all():
            raise ValueError(f"pos_weight must be finite and >= 0, got {pos_weight}")
        if pos_weight.dim() > 0:
            if pos_weight.shape != logits.shape[1:2]:
                raise ValueError(
                    "pos_weight must be a number or have one value for each label, "
                    f"shape {tuple(logits.shape[1:2])}, got {tuple(pos_weight.shape)}"
                )
            pos_weight = pos_weight.view(-1, *[1] * (logits.dim() - 2))
    soft = target.to(dtype) * (1 - label_smoothing) + label_smoothing / 2
    return F.binary_cross_entropy_with_logits(
        logits.to(dtype), soft, pos_weight=pos_weight, reduction=reduction
    )
