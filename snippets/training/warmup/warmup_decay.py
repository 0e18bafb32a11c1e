"""One family: warm-up, a plateau, and a decay of any length and shape."""

import math


def warmup_decay(
    calls: int,
    warmup: int,
    total: int,
    decay: int | None = None,
    shape: str = "linear",
    floor: float = 0.0,
) -> float:
    """Give the multiplier of the learning rate after some calls of the scheduler.

    With all of the rest as decay this is warm-up and linear decay, or cosine. With a
    short decay it is warmup-stable-decay (WSD), also called trapezoidal, or constant
    and cooldown. With `decay=0` it is a constant rate after the warm-up.

    Args:
        calls: The calls of `scheduler.step()` so far, 0 for the first step. In a
            `LambdaLR`, pass `functools.partial(warmup_decay, warmup=..., total=...)`.
        warmup: Number of warm-up steps.
        total: Number of all steps. WSD needs it only once the decay is to begin.
        decay: Number of decay steps; None is all that follow the warm-up.
        shape: `linear`, `cosine`, or `sqrt` for 1 - sqrt(progress).
        floor: The multiplier after the last step.

    Raises:
        ValueError: If the lengths do not fit in `total`, `shape` is not known, or
            `floor` is not from 0 to 1.

    Source: A. Hägele et al., Scaling Laws and Compute-Optimal Training Beyond Fixed
    Training Durations, 2024, eq. 1, which has the square root too.

    Examples:
        >>> [warmup_decay(k, 1, 5) for k in range(7)]
        [0.5, 1.0, 0.75, 0.5, 0.25, 0.0, 0.0]
        >>> [warmup_decay(k, 1, 8, decay=4, shape="sqrt") for k in (1, 4, 5, 8)]
        [1.0, 1.0, 0.5, 0.0]
        >>> [warmup_decay(k, 3, 10, decay=0) for k in (0, 3, 99)]
        [0.25, 1.0, 1.0]
    """
    if decay is None:
        decay = total - warmup
    if min(warmup, decay) < 0 or warmup + decay > total:
        raise ValueError(
            f"warmup and decay must fit in total {total}, got {warmup} and {decay}"
        )
    if not 0 <= floor <= 1:
        raise ValueError(f"floor must be from 0 to 1, got {floor}")
    shapes = {
        "linear": lambda p: 1 - p,
        "cosine": lambda p: (1 + math.cos(math.pi * p)) / 2,
        "sqrt": lambda p: 1 - math.sqrt(p),
    }
    if shape not in shapes:
        raise ValueError(f"shape must be one of {', '.join(shapes)}, got {shape!r}")
    if calls < warmup:
        return (calls + 1) / (warmup + 1)
    done = calls - (total - decay)
    if decay == 0 or done < 0:
        return 1.0
    return floor + (1 - floor) * shapes[shape](min(1.0, done / decay))
