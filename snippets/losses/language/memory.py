"""Peak memory and matrix products of the ways to compute a language model's loss."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.profiler import ProfilerActivity, profile

from snippets.losses.language.chunked_cross_entropy import chunked_cross_entropy

N, D, V = 256, 64, 4096
MIB = 2**20

WAYS = {
    "Linear, then CrossEntropyLoss": lambda h, w, y: F.cross_entropy(h @ w.T, y),
    "LinearCrossEntropyLoss, no options": F.linear_cross_entropy,
    "its options, default": lambda h, w, y: F.linear_cross_entropy(
        h, w, y, options=nn.LinearCrossEntropyOptions()
    ),
    "its options, 64 rows a chunk": lambda h, w, y: F.linear_cross_entropy(
        h, w, y, options=nn.LinearCrossEntropyOptions(batch_chunk_size=64)
    ),
    "`chunked_cross_entropy`, 64 rows": lambda h, w, y: chunked_cross_entropy(
        h, w, y, chunk_size=64
    ),
}


def _data() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(N, D, generator=generator, requires_grad=True)
    weight = torch.randn(V, D, generator=generator, requires_grad=True)
    return hidden, weight, torch.randint(V, (N,), generator=generator)


def _measure(loss: Callable[..., Tensor]) -> tuple[float, float]:
    """Peak of the tensors allocated by one step in MiB, and its matrix products.

    Examples:
        >>> peak, products = _measure(WAYS["Linear, then CrossEntropyLoss"])
        >>> round(peak), products  # logits, log-probabilities and their gradients
        (12, 3.0)
    """
    data = _data()
    activities = [ProfilerActivity.CPU]
    with profile(activities=activities, profile_memory=True, record_shapes=True) as run:
        loss(*data).backward()
    events = run.profiler.kineto_results.events()
    level = peak = products = 0
    for event in sorted(events, key=lambda e: e.start_ns()):
        if event.name() == "[memory]":
            level += event.nbytes()
            peak = max(peak, level)
        elif event.name() in ("aten::mm", "aten::addmm", "aten::addmm_"):
            first = "addmm" in event.name()  # addmm(sum, a, b), mm(a, b)
            (n, k), (_, m) = event.shapes()[first : first + 2]
            products += n * k * m
    return peak / MIB, products / (N * D * V)


def table() -> str:
    """Tabulate peak memory, matrix products and the distance from the first row."""
    rows = [
        "| way | peak, MiB | products | equal |",
        "| --- | ---: | ---: | --- |",
    ]
    oracle = None
    for name, loss in WAYS.items():
        peak, products = _measure(loss)
        data = _data()
        gradient = torch.autograd.grad(loss(*data), data[1])[0]
        oracle = gradient if oracle is None else oracle
        error = (gradient - oracle).norm() / oracle.norm()
        near = "yes" if error < 1e-6 else "no"
        rows.append(f"| {name} | {peak:.1f} | {products:.0f} | {near} |")
    return "\n".join(rows)
