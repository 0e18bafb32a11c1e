"""Contrastive loss of pairs, with the meaning of the target spelled out."""

import torch
from torch import Tensor


def contrastive_loss(
    left: Tensor,
    right: Tensor,
    target: Tensor,
    *,
    similar: int,
    margin: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Half the squared distance, or half the squared shortfall from the margin.

    d² / 2 for a similar pair, max(0, margin - d)² / 2 for a dissimilar one, where d is
    the Euclidean distance.

    Args:
        left: Embeddings `(N, D)`, floating point.
        right: `(N, D)`; row i forms a pair with row i of `left`.
        target: `(N,)`, holds 0 and 1 only; any dtype, bool too.
        similar: Which of the two means a similar pair: 0 in the paper, 1 in most data
            sets. It has no default, so that every call says it.
        margin: Distance from which a dissimilar pair costs nothing; positive.
        reduction: `"mean"` (over pairs), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If a shape is wrong, `target` holds another value than 0 and 1,
            `similar` is neither, `margin` is not positive, or `reduction` is unknown.

    Source: R. Hadsell, S. Chopra and Y. LeCun, Dimensionality Reduction by Learning an
    Invariant Mapping, 2006, equation 4.

    Examples:
        Two pairs at distance 0.6, a similar and a dissimilar one:

        >>> left, right = torch.zeros(2, 2), torch.tensor([[0.6, 0.0], [0.6, 0.0]])
        >>> target = torch.tensor([1, 0])
        >>> contrastive_loss(left, right, target, similar=1, reduction="none")
        tensor([0.1800, 0.0800])

        Read the other way round, it is another loss:

        >>> contrastive_loss(left, right, target, similar=0, reduction="none")
        tensor([0.0800, 0.1800])

        Beyond the margin a dissimilar pair is left alone:

        >>> contrastive_loss(left, 9 + right, target * 0, similar=1)
        tensor(0.)
    """
    if left.ndim != 2 or left.shape != right.shape or target.shape != left.shape[:1]:
        raise ValueError(
            "left, right and target must have the shapes (N, D), (N, D) and (N,), got "
            f"{tuple(left.shape)}, {tuple(right.shape)} and {tuple(target.shape)}"
        )
    if similar not in (0, 1):
        raise ValueError(f"similar must be 0 or 1, got {similar}")
    if not ((target == 0) | (target == 1)).all():
        values = target.unique().tolist()
        raise ValueError(f"target must hold 0 and 1 only, got {values[:4]}")
    if not margin > 0:
        raise ValueError(f"margin must be positive, got {margin}")
    dtype = torch.promote_types(left.dtype, torch.float32)
    # vector_norm has gradient 0 where two points coincide; a bare sqrt has NaN
    distance = torch.linalg.vector_norm(left.to(dtype) - right.to(dtype), dim=1)
    shortfall = (margin - distance).clamp(min=0)
    loss = torch.where(target == similar, distance, shortfall).square() / 2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
