"""Read a learning rate off a range test by one of the three usual rules."""

import math


def suggest_lr(lrs: list[float], losses: list[float], rule: str = "minimum") -> float:
    """Return the learning rate that `rule` reads from a range test.

    The losses are smoothed by an exponential moving average of decay 0.9, corrected
    for its start. What follows the first loss that is not finite is dropped.

    Args:
        lrs: rising learning rates of the test.
        losses: loss of the batch at each of them, before its step.
        rule: "minimum" (a tenth of the rate at the lowest loss), "steepest" (fastest
            fall per factor of the rate, before the lowest loss and after the first
            tenth of the test), or "valley" (half the length of the longest falling
            subsequence before its end).

    Returns:
        A learning rate, the peak for a schedule.

    Raises:
        ValueError: if the lengths differ, fewer than 3 losses are finite, or the rule
            is unknown.

    Source:
        The rules of `fastai.callback.schedule` (steep, minimum, valley).

    Examples:
        >>> lrs = [10 ** (k / 100 - 4) for k in range(500)]
        >>> losses = [(math.log10(r) + 1) ** 2 for r in lrs]  # lowest at 0.1
        >>> [round(suggest_lr(lrs, losses, r), 3) for r in ("minimum", "valley")]
        [0.012, 0.003]
    """
    if len(lrs) != len(losses):
        raise ValueError(f"lrs and losses must match, got {len(lrs)}, {len(losses)}")
    smooth, average = [], 0.0
    for k, loss in enumerate(losses):
        if not math.isfinite(loss):
            break
        average = 0.9 * average + 0.1 * loss
        smooth.append(average / (1 - 0.9 ** (k + 1)))
    if len(smooth) < 3:
        raise ValueError(f"at least 3 finite losses needed, got {len(smooth)}")
    if rule == "minimum":
        return lrs[smooth.index(min(smooth))] / 10
    if rule == "steepest":
        low = smooth.index(min(smooth))
        pairs = range(min(len(smooth) // 10, low - 1) if low else 0, max(low, 1))
        return lrs[min(pairs, key=lambda k: _slope(lrs, smooth, k))]
    if rule == "valley":
        length: list[int] = []  # of the longest falling subsequence that ends here
        for k, loss in enumerate(smooth):
            before = [n for n, v in zip(length, smooth[:k], strict=True) if v > loss]
            length.append(1 + max(before, default=0))
        end = length.index(max(length))
        return lrs[max(end - length[end] // 2, 0)]
    raise ValueError(f"rule must be steepest, minimum or valley, got {rule!r}")


def _slope(lrs: list[float], losses: list[float], k: int) -> float:
    return (losses[k + 1] - losses[k]) / math.log(lrs[k + 1] / lrs[k])
