"""Soft Dice loss of several exclusive classes, from logits and class indices."""

import math

import torch
from torch import Tensor


def multiclass_dice_loss(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = -100,
    smooth: float = 1.0,
    skip_absent: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """One minus the Dice score of each class over the whole batch, then averaged.

    Args:
        logits: `(N, C, *)`, for example `(N, C, H, W)`; floating point.
        target: `(N, *)`; class indices from 0 to C - 1, or `ignore_index`; integer.
        ignore_index: Pixels of this target count in no sum.
        smooth: Added above and below each fraction line, in pixels; positive.
        skip_absent: Whether classes that the target lacks are left out of the mean.
            What is predicted of them then costs nothing here.
        reduction: `"mean"` (over the classes that count), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(C,)` for `"none"`, 0 where a class is skipped. If every pixel is
        ignored it is 0 and so is its gradient. Half-precision input is computed and
        returned in float32.

    Raises:
        ValueError: If the shapes do not fit, `smooth` is not positive, or `reduction`
            is unknown. An index out of range is a RuntimeError of `torch.gather`.

    Source: F. Milletari, N. Navab and S.-A. Ahmadi, V-Net, 2016; here for each class,
    with plain instead of squared areas, and smoothed.

    Examples:
        >>> target = torch.tensor([[0, 0, 1, 255]])
        >>> logits = 100 * torch.eye(3)[[0, 1, 1, 2]].T[None]
        >>> multiclass_dice_loss(logits, target, 255, smooth=1e-6, reduction="none")
        tensor([0.3333, 0.3333, 0.0000])

        Class 2 is absent, and not predicted where a label counts:

        >>> multiclass_dice_loss(logits, target, 255, smooth=1e-6)
        tensor(0.2222)
        >>> multiclass_dice_loss(logits, target, 255, smooth=1e-6, skip_absent=True)
        tensor(0.3333)
    """
    if logits.dim() < 2 or logits.shape[:1] + logits.shape[2:] != target.shape:
        raise ValueError(
            "logits must be (N, C, *) and target (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not 0 < smooth < math.inf:
        raise ValueError(f"smooth must be positive and finite, got {smooth}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    valid = target != ignore_index
    index = target.where(valid, 0).long()
    p = logits.to(dtype).softmax(1) * valid.unsqueeze(1)
    # Sums by class without a one-hot target, which would be int64 of (N, *, C).
    right = p.gather(1, index.unsqueeze(1)).flatten()
    zero = p.new_zeros(p.shape[1])
    overlap = zero.index_add(0, index.flatten(), right)
    area = zero.index_add(0, index.flatten(), valid.to(dtype).flatten())
    predicted = p.transpose(0, 1).flatten(1).sum(1)
    loss = 1 - (2 * overlap + smooth) / (predicted + area + smooth)
    counts = area > 0 if skip_absent else torch.ones_like(area, dtype=torch.bool)
    loss = loss * counts
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / counts.sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
