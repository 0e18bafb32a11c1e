"""Which parameters and gradients every optimizer takes."""

from torch.optim import Optimizer

from snippets.optimizers.reference.overview import _facts, _table


def table() -> str:
    """Tabulate complex and bfloat16 parameters, sparse gradients and maximize.

    Examples:
        >>> "[SGD](sgd.md#sgd) | yes | lost | yes | yes |" in table()
        True
    """

    def cells(make: type[Optimizer]) -> list[str]:
        facts = _facts(make)
        words = {"moves": "yes", "stands still": "lost"}
        names = "complex", "bfloat16", "sparse", "maximize"
        return [
            words.get(facts[n], facts[n] if facts[n] == "–" else "no") for n in names
        ]

    return _table("com&shy;plex | bf16 | sparse | maxi&shy;mize", cells)
