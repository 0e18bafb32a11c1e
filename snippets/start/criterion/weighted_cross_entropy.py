"""Class-weighted cross-entropy whose micro-batches add up to the full batch."""

from torch import Tensor
from torch.nn import functional as F


def weighted_cross_entropy(
    prediction: Tensor,
    target: Tensor,
    weight: Tensor,
    normalizer: float | None = None,
) -> Tensor:
    """Sum over samples of weight[target] times cross-entropy, divided by a constant.

    `nn.CrossEntropyLoss(weight=w)` divides by the weights of the targets that happen to
    be in the batch. Here the divisor does not depend on the targets, so a sample pulls
    as hard in a batch of one as in a batch of a thousand.

    Args:
        prediction: logits `(N, C)`, floating.
        target: class indices `(N,)`, int64.
        weight: one factor for each class, `(C,)`, the dtype of `prediction`.
        normalizer: the divisor; N if not given. With gradient accumulation pass the
            number of samples in the whole step, and do not divide again.

    Returns:
        A scalar.

    Raises:
        ValueError: if the shapes are not `(N, C)`, `(N,)` and `(C,)`, or `normalizer`
            is not positive.

    Source: torch.nn.CrossEntropyLoss with reduction="sum", divided by a constant.

    Examples:
        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> z, y = torch.randn(6, 3), torch.tensor([0, 0, 0, 1, 1, 2])
        >>> w = torch.tensor([0.5, 1.0, 4.0])
        >>> whole = weighted_cross_entropy(z, y, w)
        >>> parts = [
        ...     weighted_cross_entropy(z[i : i + 1], y[i : i + 1], w, 6)
        ...     for i in range(6)
        ... ]
        >>> torch.allclose(whole, sum(parts))
        True

        Weights of one give the plain mean:

        >>> plain = F.cross_entropy(z, y)
        >>> torch.allclose(weighted_cross_entropy(z, y, torch.ones(3)), plain)
        True
    """
    if prediction.ndim != 2 or target.shape != prediction.shape[:1]:
        raise ValueError(
            "prediction and target must have shapes (N, C) and (N,), "
            f"got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    if weight.shape != prediction.shape[1:]:
        raise ValueError(
            f"weight must have shape ({prediction.shape[1]},), "
            f"got {tuple(weight.shape)}"
        )
    if normalizer is None:
        normalizer = len(target)
    if normalizer <= 0:
        raise ValueError(f"normalizer must be positive, got {normalizer}")
    total = F.cross_entropy(prediction, target, weight=weight, reduction="sum")
    return total / normalizer
