"""What every optimizer does with a gradient of zero, with None and with NaN."""

from torch.optim import Optimizer

from snippets.optimizers.reference.overview import _facts, _table


def table() -> str:
    """Tabulate a zero at the first step, zero and None at the second, and a NaN.

    Examples:
        >>> "[AdamW](adam.md#adamw) | moves | 0.67 | 0 | 1 |" in table()
        True
    """

    def cells(make: type[Optimizer]) -> list[str]:
        facts = _facts(make)
        first = facts["zero first"].replace("stands still", "rests")
        return [first, facts["zero second"], facts["None"], facts["nan"]]

    return _table("zero, first | zero, second | None | NaN", cells)
