"""Generalized intersection over union loss of pairs of boxes."""

import torch
from torch import Tensor


def _area(size: Tensor) -> Tensor:
    return size[..., 0] * size[..., 1]


def giou_loss(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """IoU loss plus the share of the enclosing box that neither box covers.

    Args:
        prediction: `(*, 4)`; corners x1, y1, x2, y2 with x1 <= x2 and y1 <= y2, in any
            one unit; floating point.
        target: The shape of `prediction`, the same corners and unit; any real dtype.
        reduction: `"mean"` (over boxes; 0 if there are none), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape without its last dimension for `"none"`. A box's loss is
        at most 2. Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or do not end in 4, a box has x1 > x2, y1 > y2
            or a NaN (checking this waits for the GPU), or `reduction` is unknown.

    Source: H. Rezatofighi et al., Generalized Intersection over Union, 2019.

    Examples:
        >>> target = torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> giou_loss(torch.tensor([3.0, 0.0, 5.0, 2.0]), target)  # 1 + 2 / 10
        tensor(1.2000)

        Where one box contains the other it is the IoU loss, wherever the inner one is:

        >>> giou_loss(torch.tensor([0.0, 0.0, 1.0, 1.0]), target)
        tensor(0.7500)
        >>> giou_loss(torch.tensor([0.5, 0.5, 1.5, 1.5]), target)
        tensor(0.7500)
    """
    if prediction.shape != target.shape or prediction.shape[-1:] != (4,):
        raise ValueError(
            "prediction and target must have the same shape (*, 4), got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    (a1, a2), (b1, b2) = (x.to(dtype).split(2, -1) for x in (prediction, target))
    size_a, size_b = a2 - a1, b2 - b1
    if not ((size_a >= 0) & (size_b >= 0)).all():
        raise ValueError(
            "prediction and target must be x1, y1, x2, y2 with x1 <= x2 and y1 <= y2"
        )
    tiny = torch.finfo(dtype).tiny
    inner = torch.minimum(a2, b2) - torch.maximum(a1, b1)
    overlap = _area(inner.clamp(min=0))
    union = _area(size_a) + _area(size_b) - overlap
    outer = torch.maximum(a2, b2) - torch.minimum(a1, b1)
    hull = _area(outer)
    iou = overlap / union.clamp(min=tiny)
    loss = 1 - iou + (hull - union) / hull.clamp(min=tiny)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / max(loss.numel(), 1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
