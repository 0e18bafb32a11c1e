"""How many seeds a difference between two settings takes."""

import math

import torch


def seeds_needed(
    difference: float, spread: float, power: float = 0.8, confidence: float = 0.95
) -> int:
    """Count the seeds for each of two settings to tell their means apart.

    The normal approximation of a two-sided test; below some 10 seeds add one or two.
    For runs paired by seed, pass the standard deviation of the differences divided by
    the square root of 2.

    Args:
        difference: Of the true means, in the unit of `spread`; the least that matters.
        spread: Standard deviation over seeds of one setting.
        power: Probability to find the difference if it is there.
        confidence: One minus the probability to find one that is not.

    Returns:
        Seeds for each setting, at least 2.

    Raises:
        ValueError: If `difference` is 0, `spread` is not positive, one of them is not
            finite, or a probability is not between 0 and 1.

    Source: torch.special.ndtri; the sample size of a two-sample z-test.

    Examples:
        A difference as large as the spread, half and a quarter of it:

        >>> [seeds_needed(d, 1.0) for d in (1.0, 0.5, 0.25)]
        [16, 63, 252]
    """
    if difference == 0 or not 0 < spread / abs(difference) < math.inf:
        raise ValueError(
            "difference must not be 0 and spread must be positive, both finite, got "
            f"{difference} and {spread}"
        )
    if not (0 < power < 1 and 0 < confidence < 1):
        raise ValueError(
            f"power and confidence must be between 0 and 1, got {power}, {confidence}"
        )
    chance = torch.tensor([power, 0.5 + confidence / 2], dtype=torch.float64)
    quantiles = torch.special.ndtri(chance).sum().item()
    return max(2, math.ceil(2 * (quantiles * spread / difference) ** 2))
