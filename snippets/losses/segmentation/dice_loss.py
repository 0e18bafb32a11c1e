"""Soft Dice loss of binary masks, from logits."""

import math

import torch
from torch import Tensor


def dice_loss(
    logits: Tensor,
    target: Tensor,
    smooth: float = 1.0,
    squared: bool = False,
    over_batch: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """One minus twice the overlap over the sum of both areas, per sample.

    With p = sigmoid(logits): 1 - (2 sum(p y) + smooth) / (sum(p) + sum(y) + smooth).
    An empty mask that is predicted empty costs 0, since `smooth` is in both parts.

    Args:
        logits: `(N, *)`, for example `(N, 1, H, W)`; floating point.
        target: The shape of `logits`; any real dtype; mask of 0 and 1.
        smooth: Added above and below the fraction line, in pixels; positive.
        squared: Whether the areas are sums of squares, as in V-Net.
        over_batch: Whether to add up the pixels of the whole batch before dividing.
            The batch then counts as one sample.
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar, or for `"none"` a loss per sample: `(N,)`, or `(1,)` for
        `over_batch`. Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or have no `N`, `smooth` is not positive
            and finite, or `reduction` is unknown.

    Source: F. Milletari, N. Navab and S.-A. Ahmadi, V-Net, 2016, whose areas are
    squared and whose fraction is not smoothed.

    Examples:
        >>> target = torch.tensor([[1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]])
        >>> logits = 100 * (2 * target - 1)
        >>> dice_loss(logits, target, reduction="none")
        tensor([0., 0.])

        On certain predictions it is one minus the Dice score, here 2 * 1 / (2 + 2):

        >>> logits = torch.tensor([[100.0, -100.0, 100.0, -100.0]])
        >>> dice_loss(logits, target[:1], smooth=1e-6)
        tensor(0.5000)
        >>> dice_loss(logits, target[:1], smooth=1e-6, squared=True)
        tensor(0.5000)
    """
    if logits.shape != target.shape or logits.dim() == 0:
        raise ValueError(
            "logits and target must have the same shape (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not 0 < smooth < math.inf:
        raise ValueError(f"smooth must be positive and finite, got {smooth}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    # (1, N, *) or (N, 1, *), flattened from the second dimension on
    p = logits.to(dtype).sigmoid().unsqueeze(0 if over_batch else 1).flatten(1)
    y = target.to(dtype).unsqueeze(0 if over_batch else 1).flatten(1)
    overlap = (p * y).sum(1)
    areas = (p * p + y * y if squared else p + y).sum(1)
    loss = 1 - (2 * overlap + smooth) / (areas + smooth)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
