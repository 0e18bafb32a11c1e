"""Cross-entropy as a function: from logits, stable, a wrong label is an error."""

import torch
from torch import Tensor


def custom_cross_entropy(
    logits: Tensor, target: Tensor, reduction: str = "mean"
) -> Tensor:
    """Negative log-softmax at the target class.

    Args:
        logits: `(N, C)`, or `(N, C, d1, ...)` for dense prediction; floating point.
        target: Class indices from 0 to C - 1, `(N,)` or `(N, d1, ...)`; int64.
        reduction: `"mean"` (over all targets), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes do not fit, `target` is not int64, or `reduction` is
            unknown.
        RuntimeError: From `gather` on a CPU, if a label is not a class. Indexing with
            `log_p[range(N), target]` would take -1 as the last class.

    Source: `torch.nn.functional.cross_entropy`.

    Examples:
        >>> from torch.nn import functional as F
        >>> rows = [[1000.0, 0.0, 0.0], [0.5, 1.0, 2.0]]
        >>> logits = torch.tensor(rows, requires_grad=True)
        >>> target = torch.tensor([1, 2])
        >>> loss = custom_cross_entropy(logits, target)
        >>> loss.equal(F.cross_entropy(logits, target))
        True

        The gradient is softmax minus one-hot, over N:

        >>> (gradient,) = torch.autograd.grad(loss, logits)
        >>> expected = (logits.softmax(dim=1) - F.one_hot(target, 3)) / 2
        >>> torch.allclose(gradient, expected)
        True
    """
    if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
        raise ValueError(
            "logits and target must have shapes (N, C, ...) and (N, ...), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.dtype != torch.int64:
        raise ValueError(f"target must hold int64 class indices, got {target.dtype}")
    dtype = torch.promote_types(logits.dtype, torch.float32)
    log_p = logits.to(dtype).log_softmax(dim=1)
    loss = -log_p.gather(1, target.unsqueeze(1)).squeeze(1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
