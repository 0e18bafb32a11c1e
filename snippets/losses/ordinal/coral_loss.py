"""CORAL loss: one binary question for each threshold of an ordered label."""

import torch
from torch import Tensor
from torch.nn import functional as F


def coral_loss(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Sum over the K - 1 questions "is the label above k?" of their cross-entropy.

    The questions share the weights of the last layer and differ in a bias, which keeps
    their answers in order. This function does not enforce that; the layer does:
    `logits = score + bias` with `score` of shape `(N, 1)` and `bias` of `(K - 1,)`.
    With separate weights it is the extended binary classification of Niu et al. 2016.

    Args:
        logits: `(N, K - 1)`, floating point; column k is the logit of "label > k".
        target: `(N,)`, integer labels 0 to K - 1.
        reduction: `"mean"` (over the N samples, each a sum over its K - 1 questions),
            `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If a shape does not fit, the labels are not integers from 0 to
            K - 1, or `reduction` is unknown.

    Source: W. Cao, V. Mirjalili and S. Raschka, Rank Consistent Ordinal Regression for
    Neural Networks with Application to Age Estimation, 2020, with all task weights 1.

    Examples:
        >>> logits = torch.tensor([[2.0, -1.0, -3.0]])
        >>> loss = coral_loss(logits, torch.tensor([1]))  # above 0, not 1, not 2
        >>> answers = torch.tensor([2.0, 1.0, 3.0]).sigmoid()
        >>> torch.allclose(loss, -answers.log().sum())
        True

        Two classes are one binary question:

        >>> logits, target = torch.randn(5, 1), torch.tensor([0, 1, 1, 0, 1])
        >>> binary = torch.nn.BCEWithLogitsLoss()(logits[:, 0], target.float())
        >>> torch.allclose(coral_loss(logits, target), binary)
        True
    """
    if logits.ndim != 2 or target.shape != logits.shape[:1]:
        raise ValueError(
            "logits and target must have shapes (N, K - 1) and (N,), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if target.is_floating_point() or target.is_complex():
        raise ValueError(f"target must hold integer labels, got {target.dtype}")
    tasks = logits.shape[1]
    if ((target < 0) | (target > tasks)).any():
        raise ValueError(
            f"target must be from 0 to {tasks} for {tasks} logits, got "
            f"{target.min().item()} to {target.max().item()}"
        )
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    above = target[:, None] > torch.arange(tasks, device=target.device)
    loss = F.binary_cross_entropy_with_logits(
        logits, above.to(logits.dtype), reduction="none"
    ).sum(dim=1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
