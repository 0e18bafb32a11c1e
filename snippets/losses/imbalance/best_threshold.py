"""The decision threshold that is best by any count of errors, on held-out data."""

import math
from collections.abc import Callable

import torch
from torch import Tensor


def best_threshold(
    score: Tensor, target: Tensor, utility: Callable[..., Tensor]
) -> float:
    """Try every threshold between two scores and return the best one.

    Args:
        score: Probabilities or logits of class 1, `(N,)`, of data that the model was
            not trained on.
        target: 0 or 1, `(N,)`; any real dtype.
        utility: Called once as `utility(tp, fp, fn, tn)` with the counts at all
            thresholds, float64 tensors of one shape; returns what to maximise there.

    Returns:
        A threshold t: decide for class 1 where score >= t. It lies halfway between two
        scores; inf if class 1 is best never chosen.

    Raises:
        ValueError: If `score` and `target` are not `(N,)` of one N, or are empty.

    Source: counts of errors at each threshold, as in the ROC curve; with known costs
    C. Elkan, The Foundations of Cost-Sensitive Learning, 2001, needs no search.

    Examples:
        >>> score = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.6])
        >>> target = torch.tensor([0, 0, 1, 0, 1])

        A miss costs 20 times a false alarm:

        >>> t = best_threshold(score, target, lambda tp, fp, fn, tn: -(fp + 20 * fn))
        >>> round(t, 2)
        0.25

        A false alarm costs 20 times a miss:

        >>> t = best_threshold(score, target, lambda tp, fp, fn, tn: -(20 * fp + fn))
        >>> round(t, 2)
        0.5
    """
    if score.ndim != 1 or score.shape != target.shape or score.numel() == 0:
        raise ValueError(
            "score and target must have the same shape (N,), N > 0, got "
            f"{tuple(score.shape)} and {tuple(target.shape)}"
        )
    score, order = score.detach().double().sort(descending=True)
    hit = target.double()[order]
    # after the last of equal scores: a threshold cannot part them
    last = torch.cat([score[1:] < score[:-1], torch.ones_like(score[:1]).bool()])
    tp, n = hit.cumsum(0)[last], torch.arange(1, len(score) + 1).to(score)[last]
    tp, n = (torch.cat([x.new_zeros(1), x]) for x in (tp, n))  # nobody is positive
    fp = n - tp
    fn, tn = tp[-1] - tp, fp[-1] - fp
    best = utility(tp, fp, fn, tn).argmax().item()
    if best == 0:
        return math.inf
    above = score[last][best - 1]
    below = score[last][best] if best < len(n) - 1 else above
    return ((above + below) / 2).item()
