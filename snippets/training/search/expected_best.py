"""The score of the best of k trials, on average, for every k up to the number run."""

import torch
from torch import Tensor


def expected_best(scores: Tensor, lowest: bool = False) -> Tensor:
    """Return the expected best of 1, 2, ... n of the n trials.

    The mean over all subsets of k trials, in closed form, without drawing any. It is
    unbiased for the best of k random trials; draws with replacement would not be.

    Args:
        scores: scores of n independent random trials on validation data, `(n,)`. A
            trial that diverged must have a finite bad score.
        lowest: whether lower is better.

    Raises:
        ValueError: if `scores` is not a finite vector with at least one entry.

    Source:
        Dodge et al. 2019, arXiv:1909.03004, in the unbiased form of Tang et al. 2020,
        arXiv:2004.13705.

    Examples:
        >>> expected_best(torch.tensor([3.0, 1.0, 2.0]))  # 8/3: best of every pair
        tensor([2.0000, 2.6667, 3.0000])
        >>> expected_best(torch.tensor([3.0, 1.0, 2.0]), lowest=True)
        tensor([2.0000, 1.3333, 1.0000])
    """
    if scores.ndim != 1 or not len(scores) or not scores.isfinite().all():
        raise ValueError(f"scores must be a finite vector, got {scores}")
    n = len(scores)
    ranked = scores.double().sort(descending=lowest).values
    # the trial of rank i, from the worst, is the best of C(i - 1, k - 1) / C(n, k)
    i = torch.arange(1, n + 1, dtype=torch.float64)
    k = i[:, None]
    log = _log_choose(i - 1, k - 1) - _log_choose(0 * i + n, k)
    shares = log.exp().where(i >= k, 0)
    return (shares @ ranked).to(scores.dtype)


def _log_choose(n: Tensor, k: Tensor) -> Tensor:
    return (n + 1).lgamma() - (k + 1).lgamma() - (n - k + 1).clamp(min=1).lgamma()
