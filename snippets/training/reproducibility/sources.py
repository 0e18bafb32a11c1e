"""What of the spread over seeds comes from the start, and what from the data order."""

from snippets.training.reproducibility.spread import _accuracies


def table() -> str:
    """Vary the initial weights, the order of the data, or both.

    Examples:
        >>> rows = table().splitlines()
        >>> len(rows), rows[0]
        (5, '| differs | standard deviation | range |')
    """
    lines = ["| differs | standard deviation | range |", "| --- | --- | --- |"]
    for name, start, order in (
        ("initial weights and order", True, True),
        ("initial weights", True, False),
        ("order of the data", False, True),
    ):
        values = _accuracies(own_start=start, own_order=order)
        low, high = values.min(), values.max()
        lines.append(
            f"| {name} | {values.std():.1f} points | {low:.1f} to {high:.1f} |"
        )
    return "\n".join(lines)
