"""Ranking as a likelihood: the probability that the better item wins."""

from torch import Tensor
from torch.nn import functional as F


def pairwise_logistic(better: Tensor, worse: Tensor) -> Tensor:
    """Mean of -log sigmoid(better - worse), the pairwise logistic loss.

    Only the difference of the two scores counts, so scores have no zero. It is the
    smooth relative of `nn.MarginRankingLoss`, which stops pulling beyond the margin.

    Args:
        better: scores of the preferred items, any shape, floating.
        worse: scores of the others, the same shape.

    Returns:
        A scalar, log 2 when all scores are equal.

    Raises:
        ValueError: if the shapes differ.

    Source: Burges et al. 2005, Learning to Rank using Gradient Descent (RankNet);
    Bradley & Terry 1952 for the probability model.

    Examples:
        Binary cross-entropy on the difference, with the target 1:

        >>> import torch
        >>> _ = torch.manual_seed(0)
        >>> better, worse = torch.randn(2, 7)
        >>> bce = F.binary_cross_entropy_with_logits(better - worse, torch.ones(7))
        >>> torch.allclose(pairwise_logistic(better, worse), bce)
        True

        For a wrong order it grows as the hinge does, and it never reaches 0:

        >>> better, worse = torch.tensor([-40.0, 5.0]), torch.zeros(2)
        >>> [round(pairwise_logistic(*pair).item(), 4) for pair in zip(better, worse)]
        [40.0, 0.0067]
        >>> hinge = torch.nn.MarginRankingLoss(reduction="none")
        >>> hinge(better, worse, torch.ones(2)).tolist()
        [40.0, 0.0]
    """
    if better.shape != worse.shape:
        raise ValueError(
            "better and worse must have the same shape, "
            f"got {tuple(better.shape)} and {tuple(worse.shape)}"
        )
    return F.softplus(worse - better).mean()
