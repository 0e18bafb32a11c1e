"""The optimizers of torch in one table: rate, memory, first step, sparse gradients."""

import functools
import inspect
from collections.abc import Callable, Iterable

import torch
from torch.optim import Optimizer

from snippets.optimizers.reference.optimizer_contract import optimizer_contract

CHAPTERS = {
    "SGD": "sgd.md#sgd",
    "Adam": "adam.md#adam",
    "AdamW": "adam.md#adamw",
    "NAdam": "adam.md#nadam",
    "RAdam": "adam.md#radam",
    "Adamax": "adam.md#adamax",
    "SparseAdam": "sparse.md#sparseadam",
    "RMSprop": "rmsprop.md#rmsprop",
    "Adagrad": "rmsprop.md#adagrad",
    "Adadelta": "rmsprop.md#adadelta",
    "Rprop": "rmsprop.md#rprop",
    "ASGD": "rmsprop.md#asgd",
    "Adafactor": "adafactor.md#adafactor",
    "Muon": "muon.md#muon",
    "LBFGS": "lbfgs.md#when",
}


@functools.cache
def _facts(make: type[Optimizer]) -> dict[str, str]:
    return optimizer_contract(make)


def _table(head: str, cells: Callable[[type[Optimizer]], Iterable[str]]) -> str:
    lines = [f"| optimizer | {head} |", "| --- " * (head.count("|") + 2) + "|"]
    for name, chapter in CHAPTERS.items():
        row = " | ".join(cells(getattr(torch.optim, name)))
        lines.append(f"| [{name}]({chapter}) | {row} |")
    return "\n".join(lines)


def table() -> str:
    """Tabulate the default lr, bytes of state, first step and sparse gradients.

    Examples:
        >>> len(table().splitlines()) - 2
        15
    """

    def cells(make: type[Optimizer]) -> list[str]:
        facts = _facts(make)
        lr = inspect.signature(make).parameters["lr"].default
        sparse = "yes" if facts["sparse"] == "moves" else "no"
        return [f"{lr:g}", facts["matrix"], facts["first 1"], sparse]

    return _table("`lr` | bytes | step / lr | sparse", cells)
