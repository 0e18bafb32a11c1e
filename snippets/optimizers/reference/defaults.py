"""The defaults of every optimizer of torch, from its signature."""

import inspect

from torch.optim import Optimizer

from snippets.optimizers.reference.overview import _table

_SWITCHES = "foreach", "fused", "capturable", "differentiable", "maximize"


def table() -> str:
    """Tabulate the arguments and their defaults, but for the switches.

    Examples:
        >>> "betas (0.9, 0.999)" in table()
        True
    """

    def cells(make: type[Optimizer]) -> list[str]:
        arguments = inspect.signature(make).parameters
        shown = [n for n in arguments if n != "params" and n not in _SWITCHES]
        return ["<br>".join(f"`{n} {arguments[n].default}`" for n in shown)]

    return _table("argument and default", cells)
