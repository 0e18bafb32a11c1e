"""Binary cross-entropy as a function: from logits, stable, shapes checked."""

import torch
from torch import Tensor
from torch.nn import functional as F


def custom_binary_cross_entropy(
    logits: Tensor, target: Tensor, reduction: str = "mean"
) -> Tensor:
    """Binary cross-entropy of logits, (1 - y) z - log sigmoid(z).

    Args:
        logits: Any shape, for example `(N,)` or `(N, C)`; floating point.
        target: The shape of `logits`, values in [0, 1]; any real dtype.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `logits` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or `reduction` is unknown.

    Source: `torch.nn.functional.binary_cross_entropy_with_logits`.

    Examples:
        >>> logits = torch.tensor([-200.0, -1.0, 0.0, 3.0, 200.0], requires_grad=True)
        >>> target = torch.tensor([1.0, 0.0, 1.0, 0.3, 0.0])
        >>> loss = custom_binary_cross_entropy(logits, target)
        >>> loss.equal(F.binary_cross_entropy_with_logits(logits, target))
        True

        The gradient is (sigmoid(z) - y) / N, also where the sigmoid is exactly 1:

        >>> (gradient,) = torch.autograd.grad(loss, logits)
        >>> torch.allclose(gradient, (logits.sigmoid() - target) / 5)
        True
    """
    if logits.shape != target.shape:
        raise ValueError(
            "logits and target must have the same shape, got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    z, y = logits.to(dtype), target.to(dtype)
    loss = (1 - y) * z - F.logsigmoid(z)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
