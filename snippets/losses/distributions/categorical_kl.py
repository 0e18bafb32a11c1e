"""Kullback-Leibler divergence of two categorical distributions, both from logits."""

import torch
from torch import Tensor
from torch.nn import functional as F


def categorical_kl(
    p_logits: Tensor, q_logits: Tensor, reduction: str = "mean"
) -> Tensor:
    """KL(p || q): the sum over the last dimension of p * (log p - log q).

    The arguments are in the order of the formula, and the mean is over distributions.
    Forward KL for training is `categorical_kl(teacher, student)`, reverse KL
    `categorical_kl(student, teacher)`; both have gradients for both arguments.

    Args:
        p_logits: `(..., C)`, floating, finite; log-probabilities are logits too.
        q_logits: The shape of `p_logits`.
        reduction: `"mean"` (over all distributions), `"sum"` or `"none"`.

    Returns:
        A scalar in nats, or the shape without its last dimension for `"none"`. Half
        precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, have no dimension, or `reduction` is unknown.

    Source: S. Kullback and R. A. Leibler, On Information and Sufficiency, 1951;
    `torch.nn.functional.kl_div`.

    Examples:
        >>> p, q = torch.randn(2, 4, 5, generator=torch.manual_seed(0)).double()
        >>> F.kl_div(q.log_softmax(1), p.softmax(1), reduction="batchmean").allclose(
        ...     categorical_kl(p, q)
        ... )
        True
        >>> categorical_kl(p, p + 3.0).abs() < 1e-12  # a shift of logits is no change
        tensor(True)

        Against one certain class it is the cross-entropy:

        >>> sure = 1000 * torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 3]), 5)
        >>> F.cross_entropy(q, torch.arange(4)).allclose(
        ...     categorical_kl(sure.double(), q)
        ... )
        True
    """
    if p_logits.shape != q_logits.shape or p_logits.dim() == 0:
        raise ValueError(
            "p_logits and q_logits must have the same shape (..., C), got "
            f"{tuple(p_logits.shape)} and {tuple(q_logits.shape)}"
        )
    dtype = torch.promote_types(p_logits.dtype, torch.float32)
    log_p = p_logits.to(dtype).log_softmax(dim=-1)
    log_q = q_logits.to(dtype).log_softmax(dim=-1)
    loss = F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=-1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
