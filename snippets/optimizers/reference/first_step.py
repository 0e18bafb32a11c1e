"""The first step of every optimizer for small and large gradients, over its lr."""

from torch.optim import Optimizer

from snippets.optimizers.reference.overview import _facts, _table


def table() -> str:
    """Tabulate the first step over lr for gradients 0.001, 1 and 1000.

    Examples:
        >>> "[SGD](sgd.md#sgd) | 0.001 | 1 | 1000 |" in table()
        True
    """

    def cells(make: type[Optimizer]) -> list[str]:
        facts = _facts(make)
        return [facts[f"first {g}"] for g in ("0.001", "1", "1000")]

    return _table("g = 0.001 | g = 1 | g = 1000", cells)
