"""Cross-entropy of a linear layer's output, computed a few tokens at a time."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


def _losses(
    hidden: Tensor, weight: Tensor, target: Tensor, ignore_index: int
) -> Tensor:
    logits = F.linear(hidden, weight)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    return F.cross_entropy(
        logits.to(dtype), target, ignore_index=ignore_index, reduction="none"
    )


def chunked_cross_entropy(
    hidden: Tensor,
    weight: Tensor,
    target: Tensor,
    chunk_size: int = 1024,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """`cross_entropy(hidden @ weight.T, target)` without all the logits at once.

    Each chunk's logits are dropped after its losses are known and computed again in
    the backward pass: one matrix product more, and memory for one chunk.

    Args:
        hidden: `(N, D)`, floating point: the last hidden states, one row a token.
        weight: `(V, D)`, the weight of the output layer.
        target: `(N,)`, int64.
        chunk_size: Rows whose logits exist at the same time; positive.
        ignore_index: Target value that is left out.
        reduction: `"mean"` (over targets, 0 if there are none), `"sum"`, or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. The softmax of half-precision logits is
        computed in float32.

    Raises:
        ValueError: If the shapes do not fit, `chunk_size` is not positive, or
            `reduction` is unknown.

    Source: `torch.nn.functional.linear_cross_entropy`; `torch.utils.checkpoint`.

    Examples:
        >>> generator = torch.manual_seed(0)
        >>> hidden = torch.randn(10, 4, requires_grad=True)
        >>> weight = torch.randn(50, 4, requires_grad=True)
        >>> target = torch.randint(50, (10,))
        >>> whole = F.cross_entropy(F.linear(hidden, weight), target)
        >>> loss = chunked_cross_entropy(hidden, weight, target, chunk_size=3)
        >>> loss.allclose(whole)
        True
        >>> gradients = torch.autograd.grad(loss, (hidden, weight))
        >>> oracle = torch.autograd.grad(whole, (hidden, weight))
        >>> [torch.allclose(a, b, atol=1e-6) for a, b in zip(gradients, oracle)]
        [True, True]
    """
    rows, width = target.shape, weight.shape[1:]
    if not len(rows) == len(width) == 1 or hidden.shape != rows + width:
        raise ValueError(
            "hidden must be (N, D) with weight (V, D) and target (N,), got "
            f"{tuple(hidden.shape)}, {tuple(weight.shape)} and {tuple(target.shape)}"
        )
    if chunk_size < 1:
        raise ValueError(f"chunk_size must be positive, got {chunk_size}")
    chunks = zip(hidden.split(chunk_size), target.split(chunk_size), strict=True)
    loss = torch.cat(
        [
            checkpoint(_losses, h, weight, y, ignore_index, use_reentrant=False)
            for h, y in chunks
        ]
    )
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / (target != ignore_index).sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
