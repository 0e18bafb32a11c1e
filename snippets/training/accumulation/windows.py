"""Groups of micro-batches, the last one too."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def windows(batches: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield lists of `size` micro-batches; the last list holds what is left.

    Python 3.12 has this as `itertools.batched`.

    Args:
        batches: A loader, or anything to iterate over.
        size: Micro-batches for one optimizer step.

    Yields:
        Lists of 1 to `size` micro-batches.

    Raises:
        ValueError: If size is less than 1.

    Source: `itertools.batched` of Python 3.12.

    Examples:
        Nothing is lost, and the number of steps is the ceiling.

        >>> import math
        >>> [len(window) for window in windows(range(16), 6)]
        [6, 6, 4]
        >>> sum(windows(range(16), 6), []) == list(range(16))
        True
        >>> len(list(windows(range(16), 6))) == math.ceil(16 / 6)
        True
    """
    if size < 1:
        raise ValueError(f"size must be at least 1, got {size}")
    remaining = iter(batches)
    while window := list(islice(remaining, size)):
        yield window
