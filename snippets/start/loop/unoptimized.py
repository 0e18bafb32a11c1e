"""Which trainable parameters no optimizer will ever move."""

import torch
from torch import nn


def unoptimized(optimizer: torch.optim.Optimizer, *modules: nn.Module) -> list[str]:
    """Name the trainable parameters of `modules` that `optimizer` does not hold.

    An optimizer updates the tensors it was built from. Whatever was added, replaced or
    copied later, and the parameters of a criterion that nobody passed, stays as it is,
    without an error. Call this once, before the first step.

    Args:
        optimizer: any optimizer, already built.
        modules: the model, and the criterion when it has parameters of its own.

    Returns:
        One string a missing parameter: the class of the module and the name within it.
        Empty when nothing is missing.

    Raises:
        TypeError: if something other than an `nn.Module` is passed.

    Source: torch.optim.Optimizer.param_groups.

    Examples:
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.Linear(8, 2))
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> unoptimized(optimizer, model)
        []
        >>> model[1] = nn.Linear(8, 3)
        >>> unoptimized(optimizer, model)
        ['Sequential: 1.weight', 'Sequential: 1.bias']
        >>> optimizer.add_param_group({"params": model[1].parameters()})
        >>> unoptimized(optimizer, model)
        []
    """
    for module in modules:
        if not isinstance(module, nn.Module):
            raise TypeError(f"modules must be nn.Module, got {type(module).__name__}")
    held = {id(p) for group in optimizer.param_groups for p in group["params"]}
    return [
        f"{type(module).__name__}: {name}"
        for module in modules
        for name, parameter in module.named_parameters()
        if parameter.requires_grad and id(parameter) not in held
    ]
