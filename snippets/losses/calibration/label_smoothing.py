"""Cross-entropy with label smoothing, in both of its conventions."""

import torch
from torch import Tensor


def label_smoothing(
    logits: Tensor,
    target: Tensor,
    epsilon: float = 0.1,
    others: bool = False,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    """Cross-entropy against a target that gives `epsilon` to a uniform distribution.

    Over all C classes, as in torch: the true class keeps 1 - epsilon + epsilon / C.
    Over the others: it keeps 1 - epsilon, each other class gets epsilon / (C - 1).

    Args:
        logits: `(N, C)` or `(N, C, *)`, at least two classes.
        target: Class indices, `(N,)` or `(N, *)`, int64.
        epsilon: Share of the target that is spread out, from 0 to 1.
        others: Spread it over the other classes only, not over all.
        ignore_index: Target value that costs nothing and is not counted.
        reduction: `"mean"` (over the targets not ignored), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `target` for `"none"`. Half-precision input is
        computed and returned in float32. Without any target the mean is NaN.

    Raises:
        ValueError: If the shapes do not fit, there is one class, a target is neither a
            class nor ignored, `epsilon` is outside [0, 1] or `reduction` is unknown.

    Source: C. Szegedy et al., Rethinking the Inception Architecture, 2016, section 7;
    `torch.nn.CrossEntropyLoss(label_smoothing=...)`.

    Examples:
        >>> from torch.nn import functional as F
        >>> logits = torch.tensor([[2.0, 0.0, -1.0, 0.5], [0.0, 1.0, 3.0, -2.0]])
        >>> target = torch.tensor([0, 1])
        >>> loss = label_smoothing(logits, target, 0.2)
        >>> loss.allclose(F.cross_entropy(logits, target, label_smoothing=0.2))
        True

        Over the others, 0.15 is torch's 0.2 = 0.15 * 4 / 3, exactly:

        >>> loss.allclose(label_smoothing(logits, target, 0.15, others=True))
        True
        >>> target[0] = -100
        >>> label_smoothing(logits, target, reduction="none")
        tensor([0.0000, 2.2255])
    """
    if logits.ndim < 2 or logits.shape[:1] + logits.shape[2:] != target.shape:
        raise ValueError(
            "logits must be (N, C, *) and target (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    classes = logits.shape[1]
    if classes < 2:
        raise ValueError(f"logits must have at least two classes, got {classes}")
    if not 0 <= epsilon <= 1:
        raise ValueError(f"epsilon must be from 0 to 1, got {epsilon}")
    if target.dtype != torch.int64:
        raise ValueError(f"target must be class indices in int64, got {target.dtype}")
    kept = target != ignore_index
    index = target.where(kept, 0)
    if ((index < 0) | (index >= classes)).any():
        raise ValueError(f"target must be from 0 to {classes - 1} or {ignore_index}")
    if others:
        epsilon *= classes / (classes - 1)
    dtype = torch.promote_types(logits.dtype, torch.float32)
    surprise = -logits.log_softmax(dim=1, dtype=dtype)
    true = surprise.gather(1, index.unsqueeze(1)).squeeze(1)
    loss = (1 - epsilon) * true + epsilon * surprise.mean(dim=1)
    loss = loss.where(kept, 0.0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / kept.sum()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
