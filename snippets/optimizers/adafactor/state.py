"""Bytes of state that an optimizer keeps for each parameter, measured."""

import torch
from torch import optim

from snippets.optimizers.lion.lion import Lion

OPTIMIZERS = {
    "SGD": lambda p: optim.SGD(p),
    "Adafactor": lambda p: optim.Adafactor(p),
    "SGD, momentum": lambda p: optim.SGD(p, momentum=0.9),
    "Muon": lambda p: optim.Muon(p, ns_steps=0),  # no iteration: the same state
    "Lion": lambda p: Lion(p),
    "RMSprop, Adagrad": lambda p: optim.RMSprop(p),
    "Adam, AdamW": lambda p: optim.AdamW(p),
    "AdamW, amsgrad": lambda p: optim.AdamW(p, amsgrad=True),
}


def _bytes(name: str, *shape: int, dtype: torch.dtype = torch.float32) -> float:
    """Take a step and count the bytes in the state, for each parameter.

    Examples:
        >>> _bytes("Adam, AdamW", 64, 64) - 4 / 64**2  # the counter of steps
        8.0
        >>> _bytes("Adafactor", 64, 64) == 4 * (64 + 64 + 1) / 64**2
        True
        >>> _bytes("Muon", 64, 64, dtype=torch.bfloat16)
        2.0
    """
    weight = torch.nn.Parameter(torch.ones(shape, dtype=dtype))
    optimizer = OPTIMIZERS[name]([weight])
    weight.grad = torch.ones_like(weight)
    optimizer.step()
    state = optimizer.state[weight].values()
    tensors = [value for value in state if torch.is_tensor(value)]
    return sum(t.numel() * t.element_size() for t in tensors) / weight.numel()


def table() -> str:
    """Tabulate bytes a parameter for a matrix and a vector in float32."""
    lines = ["| optimizer | matrix 64 x 64 | vector 64 |", "| --- | --- | --- |"]
    for name in OPTIMIZERS:
        vector = "refused" if name == "Muon" else f"{_bytes(name, 64):.2f}"
        lines.append(f"| {name} | {_bytes(name, 64, 64):.2f} | {vector} |")
    return "\n".join(lines)
