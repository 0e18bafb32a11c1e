"""Next-token cross-entropy: shift by one, leave out padding, mean over tokens."""

import torch
from torch import Tensor
from torch.nn import functional as F


def next_token_loss(
    logits: Tensor,
    tokens: Tensor,
    mask: Tensor | None = None,
    normalizer: Tensor | float | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy of the logits at position t with the token at position t + 1.

    The shift is done here, so pass the tokens that went into the model. The first
    token is never a target.

    Args:
        logits: `(N, T, V)`, floating point; V is the size of the vocabulary.
        tokens: `(N, T)`, int64; `ignore_index` where a token is no target.
        mask: `(N, T)`, bool; False where a token is no target (padding, a prompt).
            None keeps all.
        normalizer: What `"mean"` divides the sum by: the number of targets of the
            whole step, if this batch is a part of it. None counts this batch's.
        ignore_index: Token value that is never a target.
        reduction: `"mean"` (over targets, 0 if there are none), `"sum"`, or `"none"`.

    Returns:
        A scalar in nats, or `(N, T - 1)` for `"none"`, 0 where there is no target.
        Half-precision logits are computed in float32.

    Raises:
        ValueError: If a shape or the dtype of `mask` is wrong, or `reduction` is
            unknown.

    Source: `torch.nn.functional.cross_entropy`; the shift is the chain rule
    p(x) = prod p(x[t + 1] | x[..t]).

    Examples:
        >>> _ = torch.manual_seed(0)
        >>> logits, tokens = torch.randn(2, 5, 7), torch.randint(7, (2, 5))
        >>> inputs, target = logits[:, :-1], tokens[:, 1:]
        >>> by_hand = F.cross_entropy(inputs.flatten(0, 1), target.flatten())
        >>> next_token_loss(logits, tokens).allclose(by_hand)
        True

        Equal logits cost ln V. Padding changes nothing, and its logits get no gradient:

        >>> zeros = torch.zeros(1, 4, 50, requires_grad=True)
        >>> tokens = torch.tensor([[3, 9, 4, 0]])
        >>> loss = next_token_loss(zeros, tokens, mask=tokens != 0)
        >>> round(loss.exp().item())
        50
        >>> torch.autograd.grad(loss, zeros)[0].abs().sum(2).gt(0).tolist()
        [[True, True, False, False]]
    """
    if logits.dim() != 3 or logits.shape[:2] != tokens.shape:
        raise ValueError(
            "logits must have shape (N, T, V) and tokens (N, T), got "
            f"{tuple(logits.shape)} and {tuple(tokens.shape)}"
        )
    target = tokens
    if mask is not None:
        if mask.shape != tokens.shape or mask.dtype != torch.bool:
            raise ValueError(
                "mask must be bool and have the shape of tokens, got "
                f"{mask.dtype} {tuple(mask.shape)} and {tuple(tokens.shape)}"
            )
        target = target.masked_fill(~mask, ignore_index)
    # moving the target copies less than slicing the logits, which are V times larger
    target = F.pad(target[:, 1:], (0, 1), value=ignore_index)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    loss = F.cross_entropy(
        logits.flatten(0, 1).to(dtype),
        target.flatten(),
        ignore_index=ignore_index,
        reduction="none",
    )
    if reduction == "none":
        return loss.view_as(target)[:, :-1]
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        if normalizer is None:
            normalizer = (target != ignore_index).sum().clamp(min=1)
        return loss.sum() / normalizer
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
