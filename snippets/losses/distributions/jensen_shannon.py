"""Jensen-Shannon divergence of two categorical distributions, from logits."""

import math

import torch
from torch import Tensor


def jensen_shannon(
    p_logits: Tensor, q_logits: Tensor, reduction: str = "mean"
) -> Tensor:
    """Half of KL(p || m) plus half of KL(q || m), where m is the average of p and q.

    Symmetric and never above log 2, whatever the logits. With d = log q - log p, the
    log of p / m is log 2 - softplus(d), so that no probability is divided or logged.

    Args:
        p_logits: `(..., C)`, floating, finite; log-probabilities are logits too.
        q_logits: The shape of `p_logits`.
        reduction: `"mean"` (over all distributions), `"sum"` or `"none"`.

    Returns:
        A scalar in nats, or the shape without its last dimension for `"none"`. Half
        precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, have no dimension, or `reduction` is unknown.

    Source: J. Lin, Divergence Measures Based on the Shannon Entropy, 1991.

    Examples:
        >>> p, q = torch.randn(2, 4, 5, generator=torch.manual_seed(0)).double()
        >>> jensen_shannon(p, q).allclose(jensen_shannon(q, p))
        True
        >>> jensen_shannon(p, p).abs() < 1e-12
        tensor(True)

        Of two distributions without a common class it is log 2, where KL is 2000:

        >>> far = torch.tensor([[1000.0, -1000.0]]), torch.tensor([[-1000.0, 1000.0]])
        >>> jensen_shannon(*far)
        tensor(0.6931)
    """
    if p_logits.shape != q_logits.shape or p_logits.dim() == 0:
        raise ValueError(
            "p_logits and q_logits must have the same shape (..., C), got "
            f"{tuple(p_logits.shape)} and {tuple(q_logits.shape)}"
        )
    dtype = torch.promote_types(p_logits.dtype, torch.float32)
    log_p = p_logits.to(dtype).log_softmax(dim=-1)
    log_q = q_logits.to(dtype).log_softmax(dim=-1)
    d = log_q - log_p
    softplus = torch.nn.functional.softplus
    each = log_p.exp() * softplus(d) + log_q.exp() * softplus(-d)
    loss = math.log(2) - each.sum(dim=-1) / 2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
