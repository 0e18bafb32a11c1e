"""Make an optimizer load its state by the names of the parameters."""

from typing import Any

import torch


def match_by_name(
    optimizer: torch.optim.Optimizer, state_dict: dict[str, Any]
) -> dict[str, Any]:
    """Reorder a saved optimizer state to the order of the optimizer's parameters.

    Register it once, with
    `optimizer.register_load_state_dict_pre_hook(match_by_name)`; without it the state
    of the first parameter goes to the first parameter, whatever their names.

    Args:
        optimizer: Built from `named_parameters()`, or groups of them.
        state_dict: Saved by an optimizer that was built from names too, with the same
            names in each group.

    Returns:
        The state to load; `state_dict` itself is left as it is.

    Raises:
        ValueError: If names are missing on either side, or differ in a group.

    Source: torch.optim.Optimizer.register_load_state_dict_pre_hook.

    Examples:
        >>> old = [("a", torch.zeros(1)), ("b", torch.zeros(1))]
        >>> first = torch.optim.SGD(old, lr=0.1, momentum=0.9)
        >>> old[0][1].grad, old[1][1].grad = torch.ones(1), 2 * torch.ones(1)
        >>> first.step()
        >>> new = [("b", torch.zeros(1)), ("a", torch.zeros(1))]
        >>> second = torch.optim.SGD(new, lr=0.1, momentum=0.9)
        >>> _ = second.register_load_state_dict_pre_hook(match_by_name)
        >>> second.load_state_dict(first.state_dict())
        >>> [second.state[p]["momentum_buffer"].item() for _, p in new]
        [2.0, 1.0]
    """
    groups, state, position = [], {}, 0
    old, new = state_dict["param_groups"], optimizer.param_groups
    if len(old) != len(new):
        raise ValueError(f"state_dict must have {len(new)} groups, got {len(old)}")
    for i, (saved, group) in enumerate(zip(old, new, strict=True)):
        if "param_names" not in saved or "param_names" not in group:
            raise ValueError("both optimizers must be built from named_parameters()")
        ids = dict(zip(saved["param_names"], saved["params"], strict=True))
        if different := sorted(ids.keys() ^ set(group["param_names"])):
            raise ValueError(f"names of group {i} must be as saved, got {different}")
        places = range(position, position + len(ids))
        for place, name in zip(places, group["param_names"], strict=True):
            if ids[name] in state_dict["state"]:
                state[place] = state_dict["state"][ids[name]]
        names = list(group["param_names"])
        groups.append({**saved, "params": list(places), "param_names": names})
        position += len(ids)
    return {**state_dict, "state": state, "param_groups": groups}
