"""Binary focal loss from logits."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def focal_loss(
    logits: Tensor,
    target: Tensor,
    alpha: float | None = None,
    gamma: float = 2.0,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy times (1 - p_t)**gamma, p_t the probability of the true class.

    Every power is taken as exp(gamma * logsigmoid), so value and gradient are finite
    at any logit and any gamma. A target between 0 and 1 gives the expected loss.

    Args:
        logits: Any shape, for example `(N,)` or `(N, C)` for C labels; floating point.
        target: The shape of `logits`; 0 or 1, of any real dtype.
        alpha: Factor of the positives; the negatives get 1 - alpha. None is no factor
            on either. 0.25, the paper's, makes positives count a third of negatives.
        gamma: Not negative. 0 is cross-entropy, 2 the paper's choice.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`. In detection,
            take the sum and divide by the number of positives.

    Returns:
        A scalar, or the shape of `logits` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, `alpha` is not from 0 to 1, `gamma` is
            negative or not finite, or `reduction` is unknown.

    Source: T.-Y. Lin et al., Focal Loss for Dense Object Detection, 2017, eq. 5.

    Examples:
        >>> logits, target = torch.tensor([-3.0, 0.5, 2.0]), torch.tensor([0, 1, 0])
        >>> ce = F.binary_cross_entropy_with_logits(logits, target.float())
        >>> focal_loss(logits, target, gamma=0.0).allclose(ce)
        True

        An easy negative, p_t = 0.95, costs 444 times less; a hard one, p_t = 0.12,
        nearly what it did:

        >>> plain = focal_loss(logits, target, gamma=0.0, reduction="none")
        >>> ratio = plain / focal_loss(logits, target, reduction="none")
        >>> [round(r, 1) for r in ratio.tolist()]
        [444.6, 7.0, 1.3]
    """
    if logits.shape != target.shape:
        raise ValueError(
            "logits and target must have the same shape, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if alpha is not None and not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be None or from 0 to 1, got {alpha}")
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be finite and not negative, got {gamma}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    z, y = logits.to(dtype), target.to(dtype)
    log_p, log_q = F.logsigmoid(z), F.logsigmoid(-z)
    positive = -log_p * (gamma * log_q).exp()
    negative = -log_q * (gamma * log_p).exp()
    if alpha is not None:
        positive, negative = alpha * positive, (1 - alpha) * negative
    loss = y * positive + (1 - y) * negative
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
