"""How many times as long one call takes as another, measured in turns."""

import statistics
import time
from collections.abc import Callable


def time_ratio(
    one: Callable[[], object],
    other: Callable[[], object],
    rounds: int = 15,
    warmup: int = 3,
) -> float:
    """Time two calls alternately and divide the medians.

    Args:
        one: The numerator. On a GPU it must end with `torch.cuda.synchronize()`, as
            must the other.
        other: The denominator.
        rounds: Timings of each that count, at least 1.
        warmup: Rounds before those, at least 0.

    Returns:
        2 if `one` takes twice as long. Expect 1 for a call against itself, and doubt
        every ratio that is no further from 1 than that one.

    Raises:
        ValueError: If `rounds` is below 1 or `warmup` below 0.

    Source: the `time.perf_counter` of Python; `torch.utils.benchmark` times one call.

    Examples:
        >>> loops = time_ratio(lambda: sum(range(2000)), lambda: sum(range(1000)))
        >>> 0 < loops < 100  # 2 on a quiet machine
        True
    """
    if rounds < 1 or warmup < 0:
        raise ValueError(
            f"rounds must be at least 1 and warmup 0, got {rounds} and {warmup}"
        )
    times: tuple[list[float], list[float]] = [], []
    for _ in range(warmup + rounds):
        for call, spent in zip((one, other), times, strict=True):
            start = time.perf_counter()
            call()
            spent.append(time.perf_counter() - start)
    medians = [statistics.median(spent[warmup:]) for spent in times]
    return medians[0] / medians[1]
