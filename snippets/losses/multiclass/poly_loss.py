"""Poly-1 loss: cross-entropy with another weight on its first polynomial term."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def poly_loss(
    logits: Tensor,
    target: Tensor,
    epsilon: float = 2.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy plus epsilon * (1 - p), with p the probability of the target class.

    -log p is the sum over j of (1 - p)**j / j; this changes the factor of j = 1 from 1
    to 1 + epsilon. The gradient is that of cross-entropy times 1 + epsilon * p.

    Args:
        logits: `(N, C)` or `(N, C, *)`, floating.
        target: Class indices `(N,)` or `(N, *)`, int64.
        epsilon: 0 is cross-entropy; below -1 the gradient would turn round near p = 1.
        ignore_index: Target value that is left out.
        reduction: `"mean"` (over the targets that are left), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`, 0 where ignored. The mean of
        nothing is 0. Half precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes are not `(N, C, *)` and `(N, *)`, `epsilon`
            is below -1 or not finite, or `reduction` is unknown.

    Source: Z. Leng et al., PolyLoss: A Polynomial Expansion Perspective of
    Classification Loss Functions, 2022; the loss Poly-1.

    Examples:
        >>> logits = torch.tensor([[2.0, 0.0, -1.0], [0.0, 3.0, 1.0]])
        >>> target = torch.tensor([0, 2])
        >>> poly_loss(logits, target, 0.0) == F.cross_entropy(logits, target)
        tensor(True)

        The polynomial, summed up to (1 - p)**300:

        >>> miss = 1 - logits.softmax(1).gather(1, target[:, None])
        >>> j = torch.arange(1, 301)
        >>> factor = 1 / j
        >>> factor[0] += 2.0
        >>> poly_loss(logits, target, 2.0).allclose((factor * miss**j).sum(1).mean())
        True
    """
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            "logits and target must have shapes (N, C, *) and (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not -1 <= epsilon < math.inf:
        raise ValueError(f"epsilon must be at least -1 and finite, got {epsilon}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    cross_entropy = F.cross_entropy(
        logits.to(dtype), target, ignore_index=ignore_index, reduction="none"
    )
    loss = cross_entropy - epsilon * torch.expm1(-cross_entropy)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / (target != ignore_index).sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
