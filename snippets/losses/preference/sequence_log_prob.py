"""Log-probability of each response of a batch under a causal language model."""

import torch
from torch import Tensor
from torch.nn import functional as F


def sequence_log_prob(
    logits: Tensor, tokens: Tensor, mask: Tensor, average: bool = False
) -> Tensor:
    """Sum of log p(token | tokens before it) over the tokens where `mask` is True.

    The shift is done here: the logits at position t are for the token at t + 1. The
    first token has no logits and never counts.

    Args:
        logits: `(N, T, V)`, floating point; V is the size of the vocabulary.
        tokens: `(N, T)`, int64: prompt, response and padding.
        mask: `(N, T)`, bool: True for the tokens of the response, its end included.
        average: Divide by the number of tokens that count (0 tokens give 0).

    Returns:
        `(N,)`, in nats. Half-precision logits are computed in float32.

    Raises:
        ValueError: If a shape or the dtype of `mask` is wrong.

    Source: Rafailov et al. 2023, Direct Preference Optimization, log pi(y | x) in
    Equation 7.

    Examples:
        >>> _ = torch.manual_seed(0)
        >>> logits, tokens = torch.randn(2, 5, 7), torch.randint(7, (2, 5))
        >>> response = torch.tensor([[0, 0, 1, 1, 1], [0, 0, 0, 1, 0]]).bool()
        >>> log_p = logits.log_softmax(2)
        >>> by_hand = sum(log_p[0, t - 1, tokens[0, t]] for t in (2, 3, 4))
        >>> total = sequence_log_prob(logits, tokens, response)
        >>> total[0].allclose(by_hand)
        True
        >>> mean = sequence_log_prob(logits, tokens, response, average=True)
        >>> (total / mean).tolist()
        [3.0, 1.0]
    """
    if logits.dim() != 3 or logits.shape[:2] != tokens.shape:
        raise ValueError(
            "logits must have shape (N, T, V) and tokens (N, T), got "
            f"{tuple(logits.shape)} and {tuple(tokens.shape)}"
        )
    if mask.shape != tokens.shape or mask.dtype != torch.bool:
        raise ValueError(
            "mask must be bool and have the shape of tokens, got "
            f"{mask.dtype} {tuple(mask.shape)} and {tuple(tokens.shape)}"
        )
    target = F.pad(tokens.masked_fill(~mask, -100)[:, 1:], (0, 1), value=-100)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    loss = F.cross_entropy(
        logits.flatten(0, 1).to(dtype), target.flatten(), reduction="none"
    )
    log_prob = -loss.view_as(target).sum(dim=1)
    if average:
        return log_prob / (target != -100).sum(dim=1).clamp(min=1)
    return log_prob
