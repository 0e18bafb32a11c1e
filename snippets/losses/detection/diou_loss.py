"""Distance intersection over union loss of pairs of boxes."""

import torch
from torch import Tensor


def _area(size: Tensor) -> Tensor:
    return size[..., 0] * size[..., 1]


def diou_loss(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """IoU loss plus the squared distance of the centres over the enclosing diagonal.

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

    Source: Z. Zheng et al., Distance-IoU Loss, 2020.

    Examples:
        >>> target = torch.tensor([0.0, 0.0, 2.0, 2.0])
        >>> diou_loss(torch.tensor([3.0, 0.0, 5.0, 2.0]), target)  # 1 + 9 / (25 + 4)
        tensor(1.3103)

        With one centre it is the IoU loss:

        >>> diou_loss(torch.tensor([0.5, 0.5, 1.5, 1.5]), target)
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
    distance = (a1 + a2 - b1 - b2) / 2
    diagonal = outer.square().sum(-1).clamp(min=tiny)
    iou = overlap / union.clamp(min=tiny)
    loss = 1 - iou + distance.square().sum(-1) / diagonal
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / max(loss.numel(), 1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
