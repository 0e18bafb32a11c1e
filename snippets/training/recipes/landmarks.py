"""The steps at which a schedule starts, peaks, drops and ends."""

from collections.abc import Callable


def landmarks(factor: Callable[[int], float], total: int) -> list[tuple[int, float]]:
    """Reduce a schedule to its start, the end of its warm-up, its drops and its end.

    Between two landmarks it rises, is constant, or falls smoothly. Up to four drops are
    listed; what falls more often counts as smooth.

    Args:
        factor: Of the lr, at a step; it rises to one peak, then never rises.
        total: The last step of interest.

    Returns:
        Pairs of a step and the factor there, the first at step 0, the last at `total`.

    Raises:
        ValueError: If `total` is not positive.

    Source: [torch.optim.lr_scheduler.LambdaLR][], whose functions it reads.

    Examples:
        >>> landmarks(lambda t: min(t / 10, 1.0), 100)
        [(0, 0.0), (10, 1.0), (100, 1.0)]
        >>> landmarks(lambda t: 0.1 ** (t // 30), 89)
        [(0, 1.0), (30, 0.1), (60, 0.010000000000000002), (89, 0.010000000000000002)]
        >>> landmarks(lambda t: 1 - t / 1000, 1000)
        [(0, 1.0), (1000, 0.0)]
    """
    if total < 1:
        raise ValueError(f"total must be positive, got {total}")
    low, high = 0, total
    while low < high:  # the first step that the next one does not exceed
        middle = (low + high) // 2
        if factor(middle + 1) > factor(middle):
            low = middle + 1
        else:
            high = middle
    peak, drops = low, []

    def search(start: int, end: int) -> None:
        if factor(start) == factor(end) or len(drops) > 4:
            return
        if end - start == 1:
            drops.append(end)
            return
        search(start, (start + end) // 2)
        search((start + end) // 2, end)

    search(peak, total)
    steps = {0, peak, total} | (set(drops) if len(drops) <= 4 else set())
    return [(step, factor(step)) for step in sorted(steps)]
