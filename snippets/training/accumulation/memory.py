"""Bytes that autograd keeps for the backward pass of one micro-batch."""

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.nn import functional as F

SAMPLES = 256


def _saved(model: nn.Module, x: Tensor, y: Tensor) -> int:
    """Bytes of the tensors that the graph holds, without the parameters."""
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    held = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            held[storage.data_ptr()] = (storage, tensor.nbytes)
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        F.cross_entropy(model(x), y).backward()
    return sum(size for _, size in held.values())


def table() -> str:
    """A network of 64-256-256-10 with 256 samples in 1 to 16 micro-batches."""
    model = nn.Sequential(
        *(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh()),
        nn.Linear(256, 10),
    )
    x, y = torch.zeros(SAMPLES, 64), torch.zeros(SAMPLES, dtype=torch.long)
    rows = ["| micro-batches | saved for backward | gradients |", "|--:|--:|--:|"]
    for k in (1, 4, 16):
        saved = _saved(model, x[: SAMPLES // k], y[: SAMPLES // k]) / 1024
        grads = sum(p.grad.nbytes for p in model.parameters()) / 1024
        rows.append(f"| {k} | {saved:.0f} KiB | {grads:.0f} KiB |")
    return "\n".join(rows)
