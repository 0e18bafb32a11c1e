"""Put a saved state back into freshly built objects."""

import random
import sys
from typing import Any

import torch


def restore(state: dict[str, Any], **objects: Any) -> int:
    """Load every object and every random generator, and return the step.

    Build all objects first, the scheduler among them: a scheduler built after its
    optimizer was loaded overwrites the learning rate. Create the iterator of the data
    loader first too, unless the loader has a generator of its own: an iterator draws
    one number. An optimizer takes the saved tensors over, so restore from a state
    once, and read the file again for a second run.

    Args:
        state: What `checkpoint_state` returned, as read by `torch.load`.
        objects: By the names used when saving, built as they were then. An object
            keeps its device and dtype, and the state is copied to it.

    Returns:
        Optimizer steps taken when the state was saved.

    Raises:
        ValueError: If the names differ from those saved, before anything is loaded.

    Source: torch.nn.Module.load_state_dict, torch.optim.Optimizer.load_state_dict.

    Examples:
        >>> model = torch.nn.Linear(2, 1)
        >>> generators = {"torch": torch.get_rng_state()}
        >>> saved = {"model": {k: v.clone() for k, v in model.state_dict().items()}}
        >>> state = {"step": 7, "objects": saved, "random": generators}
        >>> first = torch.rand(2)
        >>> fresh = torch.nn.Linear(2, 1)
        >>> restore(state, model=fresh)
        7
        >>> (
        ...     torch.equal(fresh.weight, model.weight),
        ...     torch.equal(torch.rand(2), first),
        ... )
        (True, True)
        >>> restore(state, model=fresh, ema=fresh)
        Traceback (most recent call last):
        ValueError: objects must be ['model'], as saved, got ['ema', 'model']
    """
    saved, generators = state["objects"], state["random"]
    if saved.keys() != objects.keys():
        raise ValueError(
            f"objects must be {sorted(saved)}, as saved, got {sorted(objects)}"
        )
    for name, value in objects.items():
        if isinstance(value, torch.Generator):
            value.set_state(saved[name].cpu())
        else:
            value.load_state_dict(saved[name])
    torch.set_rng_state(generators["torch"].cpu())
    cuda = [s.cpu() for s in generators.get("cuda", ())]
    torch.cuda.set_rng_state_all(cuda[: torch.cuda.device_count()])
    if "python" in generators:
        random.setstate(generators["python"])
    if "numpy" in generators and (numpy := sys.modules.get("numpy")):
        numpy.random.set_state(generators["numpy"])
    return state["step"]
