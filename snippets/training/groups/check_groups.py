"""Every trainable parameter is in the optimizer, exactly once."""

from collections import Counter

from torch import nn
from torch.optim import Optimizer


def check_groups(
    optimizer: Optimizer, model: nn.Module, allow_frozen: bool = False
) -> None:
    """Raise if groups and model do not match; call it once, after building both.

    Args:
        optimizer: The optimizer.
        model: The model, or an `nn.ModuleList` of all that it should train.
        allow_frozen: Accept parameters with `requires_grad=False` in the optimizer.

    Raises:
        ValueError: Naming the trainable parameters that are in no group, those that
            are there twice, the frozen ones, and counting tensors of another model.

    Source: torch.optim.Optimizer, which checks for overlapping groups only.

    Examples:
        >>> model = nn.ModuleDict(
        ...     {k: nn.Linear(2, 2) for k in ("body", "neck", "head")}
        ... )
        >>> import torch
        >>> check_groups(torch.optim.SGD(model.parameters(), lr=0.1), model)
        >>> parts = [{"params": model[k].parameters()} for k in ("body", "head")]
        >>> check_groups(torch.optim.SGD(parts, lr=0.1), model)
        Traceback (most recent call last):
        ValueError: trainable, but in no group: neck.weight, neck.bias
    """
    held = [p for group in optimizer.param_groups for p in group["params"]]
    count = Counter(map(id, held))
    named = dict(model.named_parameters())  # a shared parameter comes once
    known = set(map(id, named.values()))
    found = {
        "trainable, but in no group": [
            n for n, p in named.items() if p.requires_grad and not count[id(p)]
        ],
        "in the optimizer twice": [n for n, p in named.items() if count[id(p)] > 1],
        "frozen, but in a group": [
            n
            for n, p in named.items()
            if not p.requires_grad and count[id(p)] and not allow_frozen
        ],
        "of another model": [str(tuple(p.shape)) for p in held if id(p) not in known],
    }
    faults = [f"{what}: {', '.join(names)}" for what, names in found.items() if names]
    if faults:
        raise ValueError("; ".join(faults))
