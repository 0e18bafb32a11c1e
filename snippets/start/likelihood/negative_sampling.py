"""Positive and negative samples as a likelihood: the negative-sampling loss."""

from torch import Tensor
from torch.nn import functional as F


def negative_sampling(
    positive: Tensor, negative: Tensor, reduction: str = "mean"
) -> Tensor:
    """Return -(mean of log sigmoid(positive) + mean of log sigmoid(-negative)).

    Each score is the logit of "this sample is real". The targets are implicit: 1 for
    positive samples, 0 for negative ones. The loss is bounded below by 0.

    Args:
        positive: scores of observed samples, any shape, floating.
        negative: scores of sampled noise, any shape; the number may differ.
        reduction: `"mean"` averages each side by itself, so that both count the same
            whatever their numbers; `"sum"` adds up all scores.

    Returns:
        A scalar.

    Raises:
        TypeError: if the scores are not floating.
        ValueError: if one side is empty, or `reduction` is unknown.

    Source: Mikolov et al. 2013, Distributed Representations of Words and Phrases and
    their Compositionality, Equation 4 (one positive, k negatives, summed).

    Examples:
        With `"sum"` it is binary cross-entropy on the joined logits:

        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> positive, negative = torch.randn(4), torch.randn(12)
        >>> logits = torch.cat([positive, negative])
        >>> target = torch.cat([torch.ones(4), torch.zeros(12)])
        >>> bce = F.binary_cross_entropy_with_logits(logits, target, reduction="sum")
        >>> torch.allclose(negative_sampling(positive, negative, "sum"), bce)
        True

        Scores of zero cost 2 log 2, and large confident mistakes cost their size:

        >>> negative_sampling(torch.zeros(3), torch.zeros(9)).item()
        1.3862943649291992
        >>> negative_sampling(torch.tensor([-300.0]), torch.tensor([-300.0])).item()
        300.0
    """
    for name, scores in (("positive", positive), ("negative", negative)):
        if not scores.is_floating_point():
            raise TypeError(f"{name} must be floating, got {scores.dtype}")
        if scores.numel() == 0:
            raise ValueError(f"{name} must not be empty, got {tuple(scores.shape)}")
    real, noise = F.logsigmoid(positive), F.logsigmoid(-negative)
    if reduction == "mean":
        return -(real.mean() + noise.mean())
    if reduction == "sum":
        return -(real.sum() + noise.sum())
    raise ValueError(f"reduction must be 'mean' or 'sum', got {reduction!r}")
