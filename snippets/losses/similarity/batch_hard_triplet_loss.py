"""Triplet loss with the hardest positive and negative of the batch for each anchor."""

import torch
from torch import Tensor


def batch_hard_triplet_loss(
    embedding: Tensor, label: Tensor, margin: float = 0.2, reduction: str = "mean"
) -> Tensor:
    """Hinge on (farthest positive - nearest negative + margin), anchor by anchor.

    Every sample is an anchor once. One that has no other sample of its label in the
    batch, or none of another label, is left out. The search runs without gradient; the
    distances that it found are then recomputed, exact also where points coincide.

    Args:
        embedding: `(N, D)`, floating point; normalise it before if you compare angles.
        label: `(N,)`, integer; equal labels are positives of each other.
        margin: In units of the Euclidean distance, positive.
        reduction: `"mean"` (over the M anchors that have both), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(M,)` for `"none"`; 0 with zero gradient if no anchor has both.
        Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If a shape is wrong, `margin` is not positive, or `reduction` is
            unknown.

    Source: A. Hermans, L. Beyer and B. Leibe, In Defense of the Triplet Loss for Person
    Re-Identification, 2017.

    Examples:
        Anchor 0: farthest positive at 3, nearest negative at 1.

        >>> points = torch.tensor([[0.0], [2.0], [3.0], [1.0]])
        >>> label = torch.tensor([7, 7, 7, 8])  # the last has no positive
        >>> batch_hard_triplet_loss(points, label, margin=0.5, reduction="none")
        tensor([2.5000, 1.5000, 1.5000])

        Collapsed embeddings cost the margin, and no gradient leads out:

        >>> same = torch.ones(4, 3, requires_grad=True)
        >>> loss = batch_hard_triplet_loss(same, torch.tensor([0, 0, 1, 1]), 0.5)
        >>> loss.item(), *torch.autograd.grad(loss, same)[0].unique().tolist()
        (0.5, 0.0)
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
    embedding = embedding.to(torch.promote_types(embedding.dtype, torch.float32))
    same = label[:, None] == label
    positive = same ^ torch.eye(len(label), dtype=torch.bool, device=label.device)
    anchor = (positive.any(dim=1) & ~same.all(dim=1)).nonzero().squeeze(1)
    if len(anchor) == 0:
        loss = embedding[:0].sum(dim=1)
    else:
        with torch.no_grad():
            distance = torch.cdist(embedding, embedding)
            far = distance.masked_fill(~positive, -1.0).argmax(dim=1)[anchor]
            near = distance.masked_fill(same, torch.inf).argmin(dim=1)[anchor]
        start = embedding[anchor]
        to_positive = torch.linalg.vector_norm(start - embedding[far], dim=1)
        to_negative = torch.linalg.vector_norm(start - embedding[near], dim=1)
        loss = (to_positive - to_negative + margin).clamp(min=0)
    if reduction == "none":
        return loss
    return loss.sum() / (max(len(anchor), 1) if reduction == "mean" else 1)
