"""Which implementation of every optimizer runs on a CPU."""

from torch.optim import Optimizer

from snippets.optimizers.reference.overview import _facts, _table

_SWITCHES = "foreach", "fused", "capturable", "differentiable"
_WORDS = {"moves": "runs", "AssertionError": "raises"}


def table() -> str:
    """Tabulate what each switch does when it is on.

    Examples:
        >>> "[AdamW](adam.md#adamw) | runs | runs | raises | runs |" in table()
        True
    """

    def cells(make: type[Optimizer]) -> list[str]:
        facts = _facts(make)
        return [_WORDS.get(facts[name], facts[name]) for name in _SWITCHES]

    return _table("foreach | fused | captur&shy;able | differ&shy;enti&shy;able", cells)
