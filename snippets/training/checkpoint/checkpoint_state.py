"""Everything that a training run needs to go on as if it had never stopped."""

import random
import sys
from typing import Any

import torch


def checkpoint_state(step: int, **objects: Any) -> dict[str, Any]:
    """Collect the state of every object and of the random generators.

    What comes back holds tensors, numbers, strings, tuples and dicts only, so
    `torch.load` reads the saved file with `weights_only=True`. The tensors are the
    live ones, as in any `state_dict`: save them before the next step.

    Args:
        step: Optimizer steps taken so far; from it follow epoch and place in the data.
        objects: By name, whatever has `state_dict` and `load_state_dict`: model,
            optimizer, scheduler, scaler, averaged model. A `torch.Generator` too.

    Returns:
        `step`, `objects` (name to state) and `random` (torch, CUDA, Python and, if it
        is loaded, NumPy).

    Raises:
        TypeError: If an object has neither a state_dict nor is a generator.

    Source: torch.nn.Module.state_dict, torch.get_rng_state, random.getstate.

    Examples:
        >>> import io
        >>> model = torch.nn.Linear(2, 1)
        >>> optimizer = torch.optim.Adam(model.parameters())
        >>> state = checkpoint_state(7, model=model, optimizer=optimizer)
        >>> file = io.BytesIO()
        >>> torch.save(state, file)
        >>> loaded = torch.load(io.BytesIO(file.getvalue()))  # weights_only=True
        >>> loaded["step"], list(loaded["objects"])
        (7, ['model', 'optimizer'])
        >>> torch.equal(loaded["objects"]["model"]["weight"], model.weight)
        True
    """
    states = {}
    for name, value in objects.items():
        if isinstance(value, torch.Generator):
            states[name] = value.get_state()
        elif hasattr(value, "state_dict") and hasattr(value, "load_state_dict"):
            states[name] = value.state_dict()
        else:
            raise TypeError(
                f"{name} must have state_dict and load_state_dict, or be a "
                f"torch.Generator, got {type(value).__name__}"
            )
    generators = {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "python": random.getstate(),
    }
    if numpy := sys.modules.get("numpy"):
        kind, keys, *rest = numpy.random.get_state()
        generators["numpy"] = (kind, keys.tolist(), *rest)  # no array: weights_only
    return {"step": step, "objects": states, "random": generators}
