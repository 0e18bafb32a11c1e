"""A decay rate from the number of samples or tokens after which an average halves."""


def half_life_decay(half_life: float, per_step: float = 1.0) -> float:
    """Return the beta that forgets half within the half-life.

    Args:
        half_life: In steps, or in samples or tokens if `per_step` counts those.
        per_step: How many of them one step consumes: 1, the batch size, or the tokens
            of a batch.

    Returns:
        `0.5 ** (per_step / half_life)`, for `betas`, `momentum` or an EMA.

    Raises:
        ValueError: If a number is not positive.

    Source: holding the half-life of Adam's second moment in tokens, Marek et al. 2025,
        arXiv:2507.07101.

    Examples:
        Adam's defaults forget half in about 7 and in 693 steps.

        >>> round(half_life_decay(6.58), 3), round(half_life_decay(692.8), 3)
        (0.9, 0.999)

        A batch 8 times smaller keeps the half-life in tokens with the 8th root:

        >>> large = half_life_decay(7_000_000, per_step=524_288)
        >>> small = half_life_decay(7_000_000, per_step=65_536)
        >>> round(large, 3), round(small, 4), abs(small**8 - large) < 1e-12
        (0.949, 0.9935, True)
    """
    for name, value in {"half_life": half_life, "per_step": per_step}.items():
        if not value > 0:
            raise ValueError(f"{name} must be positive, got {value}")
    return 0.5 ** (per_step / half_life)
