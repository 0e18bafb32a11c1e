"""The z-loss, which keeps the softmax normaliser of a model near 1."""

import torch
from torch import Tensor


def z_loss(
    logits: Tensor,
    coefficient: float = 1e-4,
    mask: Tensor | None = None,
    reduction: str = "mean",
) -> Tensor:
    """`coefficient` times the square of log Z, where Z = sum exp(logits).

    Cross-entropy does not change when a constant is added to all logits; this does.
    Add it to the cross-entropy, over the same tokens.

    Args:
        logits: `(*, V)`, floating point.
        coefficient: Weight of the term; not negative.
        mask: `(*)`, bool; False where the position does not count. None keeps all.
        reduction: `"mean"` (over positions that count, 0 if none does), `"sum"`, or
            `"none"`.

    Returns:
        A scalar, or `(*)` for `"none"`, 0 where masked. Half-precision logits are
        computed in float32.

    Raises:
        ValueError: If `mask` is not bool or has the wrong shape, `coefficient` is
            negative, or `reduction` is unknown.

    Source: Chowdhery et al. 2022, PaLM: Scaling Language Modeling with
    Pathways.

    Examples:
        It vanishes for log-probabilities and is shift squared for shifted ones:

        >>> log_p = torch.randn(5, 7, generator=torch.manual_seed(0)).log_softmax(1)
        >>> z_loss(log_p).abs() < 1e-12
        tensor(True)
        >>> z_loss(log_p + 3, coefficient=0.1, reduction="none")
        tensor([0.9000, 0.9000, 0.9000, 0.9000, 0.9000])

        The gradient is 2 * coefficient * log Z * softmax:

        >>> z = torch.tensor([[2.0, 0.0, -1.0]], requires_grad=True)
        >>> (gradient,) = torch.autograd.grad(z_loss(z, 0.5), z)
        >>> gradient.allclose(z.logsumexp(1) * z.softmax(1))
        True
    """
    if not coefficient >= 0:
        raise ValueError(f"coefficient must not be negative, got {coefficient}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    loss = coefficient * logits.to(dtype).logsumexp(dim=-1) ** 2
    count = max(loss.numel(), 1)
    if mask is not None:
        if mask.shape != loss.shape or mask.dtype != torch.bool:
            raise ValueError(
                "mask must be bool and have the shape of logits without V, got "
                f"{mask.dtype} {tuple(mask.shape)} and {tuple(logits.shape)}"
            )
        loss, count = loss.where(mask, 0.0), mask.sum().clamp(min=1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / count
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
