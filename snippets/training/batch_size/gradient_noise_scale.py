"""The batch size at which noise and signal in the gradient are equally strong."""

import math


def gradient_noise_scale(
    small_square: float, large_square: float, small: int, large: int
) -> float:
    """Estimate tr(Cov) / |G|**2 from squared gradient norms at two batch sizes.

    A mean of B independent gradients has E|G_B|**2 = |G|**2 + tr(Cov) / B: two batch
    sizes give both unknowns. Average the squared norms over several steps first; one
    pair is much too noisy.

    Args:
        small_square: Mean squared norm of gradients of small batches.
        large_square: The same of large batches.
        small: Samples in a small batch; 1 for norms of single samples.
        large: Samples in a large batch.

    Returns:
        The simple noise scale in samples; infinite where no signal is left over.

    Raises:
        ValueError: A small batch that is not smaller, or a norm that is not a positive
            number.

    Source:
        McCandlish et al. 2018, arXiv:1812.06162, the simple noise scale.

    Examples:
        Signal 1, variance 24: exact squared norms are 1 + 24 / B.

        >>> gradient_noise_scale(1 + 24 / 2, 1 + 24 / 32, 2, 32)
        24.0
    """
    if not 0 < small < large:
        raise ValueError(f"small must be in 1 to large - 1, got {small} and {large}")
    for name, value in ("small_square", small_square), ("large_square", large_square):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} must be positive and finite, got {value}")
    noise = (small_square - large_square) / (1 / small - 1 / large)
    signal = (large * large_square - small * small_square) / (large - small)
    return max(noise, 0.0) / signal if signal > 0 else math.inf
