"""Hinge loss for two classes, plain or squared, which torch does not have."""

import torch
from torch import Tensor


def hinge_loss(
    logits: Tensor,
    target: Tensor,
    margin: float = 1.0,
    squared: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Distance by which a score misses the margin on the side of its class.

    With t the target, -1 or 1: max(0, margin - t * logits), or the square of it. A
    score beyond the margin costs nothing and has no gradient.

    Args:
        logits: Scores; any shape, for example `(N,)` or `(N, C)`; floating point.
        target: The shape of `logits`; -1 or 1, any signed dtype. The check of its
            values makes a GPU wait for them.
        margin: Score from which a sample is right enough; positive.
        squared: Square the distance, so that the gradient is continuous.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `logits` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, a target is not -1 or 1, `margin` is not
            positive, or `reduction` is unknown.

    Source: C. Cortes and V. Vapnik, Support-Vector Networks, 1995; squared in networks:
    Y. Tang, Deep Learning using Linear Support Vector Machines, 2013.

    Examples:
        >>> logits, target = torch.tensor([2.0, 0.4, -3.0]), torch.tensor([1, 1, 1])
        >>> hinge_loss(logits, target, reduction="none")
        tensor([0.0000, 0.6000, 4.0000])
        >>> hinge_loss(logits, target, squared=True, reduction="none")
        tensor([ 0.0000,  0.3600, 16.0000])

        With the scores (0, logit) of two classes, `MultiMarginLoss` is half of it:

        >>> scores = torch.stack([torch.zeros(3), logits], dim=1)
        >>> half = torch.nn.MultiMarginLoss()(scores, (target + 1) // 2)
        >>> hinge_loss(logits, target).allclose(2 * half)
        True
    """
    if logits.shape != target.shape:
        raise ValueError(
            "logits and target must have the same shape, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    wrong = target[(target != 1) & (target != -1)]
    if wrong.numel():
        raise ValueError(f"target must be -1 or 1, got {wrong[0].item()}")
    if not margin > 0:
        raise ValueError(f"margin must be positive, got {margin}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    loss = (margin - target.to(dtype) * logits.to(dtype)).clamp(min=0)
    if squared:
        loss = loss**2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
