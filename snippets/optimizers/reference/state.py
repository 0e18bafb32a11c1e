"""The bytes of state that every optimizer keeps for a float32 parameter."""

import torch
from torch.optim import Optimizer

from snippets.optimizers.reference.optimizer_contract import (
    _bytes,
    _digits,
    optimizer_contract,
)
from snippets.optimizers.reference.overview import _facts, _table

_VARIANTS = {
    ("SGD", "momentum"): {"momentum": 0.9},
    ("Adam", "amsgrad"): {"amsgrad": True},
    ("RMSprop", "momentum"): {"momentum": 0.9},
    ("RMSprop", "centered"): {"centered": True},
}


def _full_history() -> str:
    """LBFGS after as many iterations as it remembers."""
    curvature = torch.linspace(1, 3, 512)
    p = torch.ones(512)
    optimizer = torch.optim.LBFGS(
        [p], lr=0.01, max_iter=120, tolerance_grad=0, tolerance_change=0
    )

    def closure() -> torch.Tensor:
        p.grad = curvature * p
        return (p.grad * p).sum() / 2

    optimizer.step(closure)
    return _digits(_bytes(dict(optimizer.state)) / 512)


def table() -> str:
    """Tabulate the bytes for a matrix and a vector, and the names of the state."""

    def cells(make: type[Optimizer]) -> list[str]:
        found = _facts(make)
        vector = found["vector"].replace("ValueError", "–")
        names = "`, `".join(found["state"].split(", ")[:4])
        names = names.replace("func_evals`, `n_iter", "old_dirs`, `old_stps")
        return [found["matrix"], vector, f"`{names}`" if names else "none"]

    lines = _table("matrix | vector | state", cells).splitlines()
    for (name, option), values in _VARIANTS.items():
        found = optimizer_contract(getattr(torch.optim, name), **values)
        more = found["state"].split(", ")[-1]
        row = f"| {name}, {option} | {found['matrix']} | {found['vector']} | `{more}` |"
        lines.append(row)
    full = _full_history()
    lines.append(f"| LBFGS, full | {full} | {full} | 100 of each |")
    return "\n".join(lines)
