"""CORN loss: each threshold of an ordered label given that the one below is passed."""

import torch
from torch import Tensor
from torch.nn import functional as F


def corn_loss(logits: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Cross-entropy of "is the label above k, given that it is above k - 1?".

    Question k is put only to the samples whose label is at least k. The chain rule
    turns the answers into P(label > k) = product of sigmoid(logits[:, :k + 1]), which
    never increases with k, whatever the weights.

    Args:
        logits: `(N, K - 1)`, floating point; column k is the logit of "label > k"
            given "label > k - 1".
        target: `(N,)`, integer labels 0 to K - 1.
        reduction: `"mean"` (over all questions put, as in the paper), `"sum"`, or
            `"none"`: the sum over the questions of each sample, which is its negative
            log-likelihood.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If a shape does not fit, the labels are not integers from 0 to
            K - 1, or `reduction` is unknown.

    Source: X. Shi, W. Cao and S. Raschka, Deep Neural Networks for Rank-Consistent
    Ordinal Regression Based On Conditional Probabilities, 2021.

    Examples:
        >>> logits = torch.tensor([[2.0, -1.0, 9.0]])
        >>> target = torch.tensor([1])  # above 0; not above 1; question 2 is not put
        >>> answers = torch.tensor([2.0, 1.0]).sigmoid()
        >>> torch.allclose(corn_loss(logits, target), -answers.log().mean())
        True

        It is the likelihood of the label under the chain rule:

        >>> above = torch.cat([torch.ones(1), logits[0].sigmoid().cumprod(dim=0)])
        >>> probability = above[1] - above[2]
        >>> torch.allclose(corn_loss(logits, target, "sum"), -probability.log())
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
    k = torch.arange(tasks, device=target.device)
    put, above = target[:, None] >= k, target[:, None] > k
    each = F.binary_cross_entropy_with_logits(
        logits, above.to(logits.dtype), reduction="none"
    ).masked_fill(~put, 0.0)
    loss = each.sum(dim=1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / put.sum()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
