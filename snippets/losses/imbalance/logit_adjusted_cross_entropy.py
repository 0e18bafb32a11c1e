"""Cross-entropy that adds the log of the class frequencies to the logits."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def logit_adjusted_cross_entropy(
    logits: Tensor,
    target: Tensor,
    prior: Tensor,
    tau: float = 1.0,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of logits + tau * log(prior).

    The model learns what is left when the class frequencies are taken out: the argmax
    of its logits, without the added term, targets the balanced accuracy.

    Args:
        logits: `(N, C)` or `(N, C, *)`; floating point.
        target: Class indices `(N,)` or `(N, *)`, int64, or class probabilities of the
            shape of `logits`.
        prior: Frequency of each class in the training set, `(C,)`; positive. Counts
            do as well: a common factor cancels in the softmax.
        tau: Strength; 0 is cross-entropy, 1 the balanced accuracy.
        ignore_index: As in `F.cross_entropy`.
        reduction: `"mean"` (over targets that are not ignored), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of an index `target` for `"none"`. Half-precision input
        is computed and returned in float32.

    Raises:
        ValueError: If `prior` is not `(C,)` or not positive, `target` does not fit, or
            `tau` is not finite.

    Source: A. K. Menon et al., Long-tail learning via logit adjustment, 2021.

    Examples:
        >>> logits, target = (
        ...     torch.tensor([[1.0, 0.5], [0.2, 0.1]]),
        ...     torch.tensor([0, 1]),
        ... )
        >>> plain = F.cross_entropy(logits, target)
        >>> counts = torch.tensor([990, 10])
        >>> logit_adjusted_cross_entropy(logits, target, counts, tau=0.0) == plain
        tensor(True)

        Counts or frequencies, the same; equal classes, no adjustment:

        >>> loss = logit_adjusted_cross_entropy(logits, target, counts)
        >>> loss.allclose(logit_adjusted_cross_entropy(logits, target, counts / 1000))
        True
        >>> logit_adjusted_cross_entropy(logits, target, torch.ones(2)) == plain
        tensor(True)
    """
    if logits.ndim < 2 or prior.shape != logits.shape[1:2]:
        raise ValueError(
            "prior must have one element for each class of logits (N, C, *), got "
            f"{tuple(prior.shape)} and {tuple(logits.shape)}"
        )
    indices = logits.shape[:1] + logits.shape[2:]
    if target.shape not in (indices, logits.shape):
        raise ValueError(
            f"target must have the shape {tuple(indices)} or that of logits, "
            f"{tuple(logits.shape)}, got {tuple(target.shape)}"
        )
    if not math.isfinite(tau):
        raise ValueError(f"tau must be finite, got {tau}")
    if not (prior > 0).all():
        raise ValueError(f"prior must be positive, got {prior.tolist()}")
    z = logits.to(torch.promote_types(logits.dtype, torch.float32))
    shift = tau * prior.to(z).log().view(-1, *[1] * (z.ndim - 2))
    return F.cross_entropy(
        z + shift, target, ignore_index=ignore_index, reduction=reduction
    )
