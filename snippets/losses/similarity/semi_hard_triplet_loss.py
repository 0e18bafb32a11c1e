"""FaceNet's triplet loss with semi-hard negatives, mined within the batch."""

import torch
from torch import Tensor
from torch.nn import functional as F


def semi_hard_triplet_loss(
    embedding: Tensor, label: Tensor, margin: float = 0.2, reduction: str = "mean"
) -> Tensor:
    """Hinge on squared distances of unit vectors, one negative per positive pair.

    For each anchor and positive, the negative is the nearest of those that are farther
    than the positive; where none is, the farthest. A sort and a binary search find it
    in O(N² log N) time and O(N²) memory, without gradient.

    Args:
        embedding: `(N, D)`, floating point; scaled to length 1 here.
        label: `(N,)`, integer; equal labels are positives of each other.
        margin: In units of the squared distance, which is between 0 and 4; positive.
        reduction: `"mean"` (over the M pairs of an anchor with a positive), `"sum"`
            or `"none"`.

    Returns:
        A scalar, or `(M,)` for `"none"`; 0 with zero gradient if the batch has no
        positive pair or one label only. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If a shape is wrong, `margin` is not positive, or `reduction` is
            unknown.

    Source: F. Schroff, D. Kalenichenko and J. Philbin, FaceNet, 2015, section 3.2. The
    farthest negative as a fallback is not theirs.

    Examples:
        Angles of 0 and 60 degrees are one class; of 50, 70 and 180, another. From 0
        the positive is at 60, so the semi-hard negative is at 70:

        >>> angle = torch.tensor([0.0, 60.0, 50.0, 70.0, 180.0]).deg2rad()
        >>> unit = torch.stack([angle.cos(), angle.sin()], dim=1)
        >>> label = torch.tensor([0, 0, 1, 1, 1])
        >>> loss = semi_hard_triplet_loss(unit, label, margin=1.0, reduction="none")
        >>> squared = 2 - 2 * angle.cos()
        >>> torch.allclose(loss[0], squared[1] - squared[3] + 1)
        True

        Collapsed embeddings cost the margin:

        >>> semi_hard_triplet_loss(torch.ones(5, 3), label, margin=0.2)
        tensor(0.2000)
    """
    if embedding.ndim != 2 or label.shape != embedding.shape[:1]:
        raise ValueError(
            "embedding and label must have the shapes (N, D) and (N,), got "
            f"{tuple(embedding.shape)} and {tuple(label.shape)}"
        )
    if not margin > 0:
        raise ValueError(f"margin must be positive, got {margin}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    dtype = torch.promote_types(embedding.dtype, torch.float32)
    unit = F.normalize(embedding.to(dtype), dim=1)
    same = label[:, None] == label
    negatives = (~same).sum(dim=1, keepdim=True)
    positive = same ^ torch.eye(len(label), dtype=torch.bool, device=label.device)
    with torch.no_grad():
        distance = torch.cdist(unit, unit)
        row, order = distance.masked_fill(same, torch.inf).sort(dim=1)
        rank = torch.searchsorted(row, distance, right=True)
        negative = order.gather(1, rank.minimum(negatives - 1).clamp(min=0))
    a, p = (positive & (negatives > 0)).nonzero(as_tuple=True)
    n = negative[a, p]
    to_positive = (unit[a] - unit[p]).square().sum(dim=1)
    to_negative = (unit[a] - unit[n]).square().sum(dim=1)
    loss = (to_positive - to_negative + margin).clamp(min=0)
    if reduction == "none":
        return loss
    return loss.sum() / (max(len(a), 1) if reduction == "mean" else 1)
