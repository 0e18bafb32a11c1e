"""What an experiment found: an interval, and the bounds that its verdict rests on."""

import math
from dataclasses import dataclass


@dataclass
class Finding:
    """A mean with its interval, and where that interval must lie.

    Args:
        what: The number in words, with its unit: "accuracy, Adam minus SGD (points)".
        estimate: The mean, and the low and the high end of its interval.
        above: Bound below the interval.
        below: Bound above the interval.

    Raises:
        ValueError: If no bound is given, or none can be met.

    Source: own design.

    Examples:
        >>> better = Finding("accuracy, Adam minus SGD", (0.4, 0.1, 0.7), above=0)
        >>> better.holds, better.text, better.bounds
        (True, '0.40 [0.10, 0.70]', '> 0')
        >>> same = Finding("accuracy, Adam minus SGD", (0.4, -0.1, 1.2), -1, 1)
        >>> same.holds, same.text, same.bounds
        (False, '0.4 [-0.1, 1.2]', '-1 to 1')
        >>> Finding("failed runs (%)", (100.0, 100.0, 100.0), above=50).text
        '100 in all'
    """

    what: str
    estimate: tuple[float, float, float]
    above: float = -math.inf
    below: float = math.inf

    def __post_init__(self) -> None:
        if not self.above < self.below or math.inf == self.below == -self.above:
            raise ValueError(
                "above must be less than below and one of them finite, got "
                f"{self.above} and {self.below}"
            )

    @property
    def holds(self) -> bool:
        """Whether the whole interval lies between the bounds."""
        _, low, high = self.estimate
        return self.above < low and high < self.below

    @property
    def text(self) -> str:
        """The mean and its interval, with as many digits as the interval supports."""
        mean, low, high = self.estimate
        if low == high:
            return f"{mean:.3g} in all"
        size = max(high - low, abs(mean) / 1000)
        places = max(0, 1 - math.floor(math.log10(size)))
        # No negative zero.
        mean, low, high = (round(v, places) + 0.0 for v in (mean, low, high))
        return f"{mean:.{places}f} [{low:.{places}f}, {high:.{places}f}]"

    @property
    def bounds(self) -> str:
        """The bounds as text."""
        if self.below == math.inf:
            return f"> {self.above:g}"
        if self.above == -math.inf:
            return f"< {self.below:g}"
        return f"{self.above:g} to {self.below:g}"
