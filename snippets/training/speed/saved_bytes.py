"""The bytes of activations that autograd keeps for the backward pass."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def saved_bytes(forward: Callable[[], object], model: nn.Module) -> int:
    """Run a forward pass and count what it saves, apart from the parameters.

    Each storage counts once, however many operations saved it. With activation
    checkpointing the inputs of segments count, and not what is recomputed.

    Args:
        forward: Runs the model; what it returns is dropped after counting.
        model: Its parameters and buffers are not counted: they exist anyway.

    Returns:
        Bytes, the same on every device.

    Source: `torch.autograd.graph.saved_tensors_hooks`.

    Examples:
        A linear layer saves its input; without gradients nothing is saved:

        >>> x, layer = torch.ones(8, 4), nn.Linear(4, 2)
        >>> saved_bytes(lambda: layer(x), layer) == x.nbytes
        True
        >>> with torch.no_grad():
        ...     saved_bytes(lambda: layer(x), layer)
        0
    """
    own = {t.untyped_storage().data_ptr() for t in model.state_dict().values()}
    seen: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        seen[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        out = forward()  # bound until counted, so that no address is used twice
    del out
    return sum(size for address, size in seen.items() if address not in own)
