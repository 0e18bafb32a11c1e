"""Which optimizers of torch take a sparse gradient, found by running each."""

import torch
from torch import nn, optim

OPTIONS = (
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"weight_decay": 0.1}),
    ("SGD", {"fused": True}),
    ("Adagrad", {"weight_decay": 0.1}),
    ("Adagrad", {"fused": True}),
)


def _message(name: str, options: dict) -> str:
    """What step() says on an embedding of 3 rows, or an empty string."""
    table = nn.Embedding(3, 2, sparse=True)
    optimizer = getattr(optim, name)(table.parameters(), lr=0.1, **options)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = table(torch.tensor([1, 1])).square().sum()
        loss.backward()
        return loss

    try:
        optimizer.step(closure)
    except RuntimeError as error:
        return str(error)
    return ""


def _kinds() -> list[str]:
    """Every optimizer class of torch."""
    found = vars(optim).items()
    kinds = [n for n, k in found if isinstance(k, type) and issubclass(k, optim.Adam)]
    every = [n for n, k in found if isinstance(k, type) and hasattr(k, "step")]
    return sorted({*kinds, *every} - {"Optimizer"})


def table() -> str:
    """Tabulate the answers: those that work first."""
    torch.sparse.check_sparse_tensor_invariants.disable()  # says so, or torch warns
    cases = [(name, {}) for name in _kinds()] + list(OPTIONS)
    rows = []
    for name, options in cases:
        more = "".join(f", `{k}={v}`" for k, v in options.items())
        rows.append((_message(name, options), f"`{name}`{more}"))
    rows.sort(key=lambda row: row[0] != "")
    lines = ["| optimizer | sparse gradient |", "| --- | --- |"]
    lines += [f"| {case} | {message or 'taken'} |" for message, case in rows]
    return "\n".join(lines)
