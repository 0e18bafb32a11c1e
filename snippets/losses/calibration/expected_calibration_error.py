"""Expected calibration error, with bins of equal width or of equal mass."""

import torch
from torch import Tensor


def expected_calibration_error(
    probability: Tensor, target: Tensor, bins: int = 15, adaptive: bool = False
) -> Tensor:
    """Mean over the samples of the gap between confidence and frequency in their bin.

    Class probabilities `(N, C)`: of the largest one, and how often it is right.
    Event probabilities `(N,)`: of them, and how often the event happens; take this
    form for a binary model, and with `probability[:, k]` and `target == k` for one
    class.

    Args:
        probability: `(N, C)` with rows that sum to 1, or `(N,)` from 0 to 1.
        target: `(N,)`: class indices for `(N, C)`, 0 and 1 (or bool) for `(N,)`.
        bins: Number of bins, open on the left.
        adaptive: Edges at quantiles of the confidence, not equally spaced on [0, 1].
            Equal confidences share a bin.

    Returns:
        A scalar in float64, from 0 to 1; no gradient. Biased upwards in small samples.

    Raises:
        ValueError: If the shapes do not fit, there is no sample, `probability` does
            not hold probabilities, a target is not in range or `bins` is below 1.

    Source: M. P. Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian
    Binning, 2015; C. Guo et al., On Calibration of Modern Neural Networks, 2017.

    Examples:
        Half are said to be 0.9 and are 1, half 0.6 and are 0.5:

        >>> probability = torch.tensor([0.9, 0.9, 0.6, 0.6])
        >>> happened = torch.tensor([1, 1, 1, 0])
        >>> round(expected_calibration_error(probability, happened).item(), 4)
        0.1

        Opposite gaps in one bin cancel; here 0.75 is said and 0.75 happens:

        >>> round(expected_calibration_error(probability, happened, bins=1).item(), 4)
        0.0
        >>> two = torch.stack([1 - probability, probability], dim=1)
        >>> round(expected_calibration_error(two, happened).item(), 4)
        0.1
    """
    if probability.ndim not in (1, 2) or probability.shape[:1] != target.shape:
        raise ValueError(
            "probability must be (N, C) or (N,) and target (N,), got "
            f"{tuple(probability.shape)} and {tuple(target.shape)}"
        )
    if len(target) == 0 or bins < 1:
        raise ValueError(f"N and bins must be positive, got {len(target)} and {bins}")
    confidence = probability.detach().double()
    if not ((confidence >= 0) & (confidence <= 1)).all():
        raise ValueError("probability must be from 0 to 1: apply softmax or sigmoid")
    classes = 2
    if probability.ndim == 2:
        classes = probability.shape[1]
        if ((confidence.sum(dim=1) - 1).abs() > 1e-2).any():
            raise ValueError("probability must sum to 1 in each row: apply softmax")
        confidence, predicted = confidence.max(dim=1)
    if ((target < 0) | (target >= classes) | (target != target.long())).any():
        raise ValueError(f"target must be whole numbers below {classes}")
    happened = predicted == target if probability.ndim == 2 else target
    if adaptive:
        cut = torch.arange(1, bins, device=target.device) * len(target) // bins
        edges = confidence.sort().values[(cut - 1).clamp(min=0)]
    else:
        edges = torch.arange(1, bins, device=target.device).double() / bins
    index = torch.bucketize(confidence.contiguous(), edges)
    gap = torch.bincount(index, confidence - happened.double(), minlength=bins)
    return gap.abs().sum() / len(target)
