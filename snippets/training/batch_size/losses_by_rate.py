"""Train one small network at many learning rates at once, for one batch size."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Adam

HIDDEN, TRAIN = 16, 1024


def losses_by_rate(
    kind: type[SGD] | type[Adam], rates: Tensor, batch: int, steps: int, runs: int = 8
) -> Tensor:
    """Validation loss on small digits after some steps at a constant rate.

    A weight is a parameter times a scale. SGD at a learning rate of 1 then moves the
    weight by scale**2 times its gradient, and Adam by the scale. So one optimizer
    serves all rates.

    Args:
        kind: `SGD`, without momentum, or `Adam`.
        rates: Learning rates `(R,)`.
        batch: Samples in a batch.
        steps: Steps to take.
        runs: Runs, each with its own initialisation and batches, the same at all rates.

    Returns:
        Losses `(R, runs)`; infinite where a run diverged.

    Raises:
        ValueError: Another kind of optimizer.

    Source:
        torch.optim.SGD and torch.optim.Adam.

    Examples:
        >>> loss = losses_by_rate(SGD, torch.tensor([0.001, 0.3]), 32, 20, runs=2)
        >>> loss.shape, bool((loss[1] < loss[0]).all())
        (torch.Size([2, 2]), True)
    """
    if kind not in (SGD, Adam):
        raise ValueError(f"kind must be SGD or Adam, got {kind}")
    images, labels = load_digits(return_X_y=True)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(labels), generator=generator)
    x = torch.tensor(images, dtype=torch.float32)[order].view(-1, 1, 8, 8)
    x = F.avg_pool2d(x, 2).flatten(1)
    x = (x - x.mean(0)) / (x.std(0) + 1)
    y = torch.tensor(labels)[order]

    scale = (rates.sqrt() if kind is SGD else rates)[:, None, None, None]
    shapes = (16, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
    first = [torch.rand(1, runs, *s, generator=generator) / 2 - 0.25 for s in shapes]
    params = [(p / scale).requires_grad_() for p in first]
    # eps is divided by the scale too: as good as none.
    optimizer = kind(params, 1.0, **({"eps": 1e-12} if kind is Adam else {}))

    def loss(rows: Tensor) -> Tensor:  # (runs, N) to (R * runs,)
        w1, b1, w2, b2 = (p * scale for p in params)
        z = ((x[rows] @ w1 + b1).relu() @ w2 + b2).flatten(0, 1)
        target = y[rows].repeat(len(rates), 1)
        return F.cross_entropy(z.transpose(1, 2), target, reduction="none").mean(1)

    for _ in range(steps):
        optimizer.zero_grad()
        loss(torch.randint(TRAIN, (runs, batch), generator=generator)).sum().backward()
        optimizer.step()
    with torch.no_grad():
        held = torch.arange(TRAIN, len(x)).expand(runs, -1)
        return loss(held).view(len(rates), runs).nan_to_num(torch.inf)
