"""Keep the memory of an average when the batch size changes."""


def same_half_life(decay: float, factor: float) -> float:
    """The decay that forgets at the same rate in samples.

    Args:
        decay: Decay of a step, from 0 to below 1: Adam's beta1 or beta2, momentum, or
            that of averaged weights.
        factor: New batch size over the old one.

    Returns:
        `decay ** factor`.

    Raises:
        ValueError: An argument out of range.

    Source:
        Marek et al. 2025, arXiv:2507.07101, for beta2.

    Examples:
        Half of what is remembered is gone after ln 2 / -ln(decay) steps:

        >>> import math
        >>> def samples(decay, batch):
        ...     return batch * math.log(2) / -math.log(decay)
        >>> new = same_half_life(0.95, 1 / 512)
        >>> math.isclose(samples(0.95, 512), samples(new, 1))
        True
        >>> round(new, 4)
        0.9999
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be from 0 to below 1, got {decay}")
    if not 0 < factor < float("inf"):
        raise ValueError(f"factor must be positive and finite, got {factor}")
    return decay**factor
