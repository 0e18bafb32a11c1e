"""Train small networks on digits at many learning rates and seeds in one pass."""

import functools
from collections import namedtuple

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Optimizer

_Runs = namedtuple("_Runs", "train loss accuracy weights")


@functools.cache
def _digits() -> tuple[Tensor, Tensor]:
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
    x = F.avg_pool2d(x, 2).flatten(1)
    return (x - x.mean(0)) / (x.std(0) + 1), torch.tensor(labels)


def many_runs(
    kind: type[Optimizer],
    rates: Tensor,
    seeds: int = 8,
    rows: Tensor | None = None,
    weights: list[Tensor] | None = None,
    classes: int = 10,
    **options: float,
) -> _Runs:
    """Train a 16-16-10 network for every seed and every column of `rates`.

    The networks are slices of three tensors. Steps are taken at rate 1, then scaled.

    Args:
        kind: SGD, Adam, AdamW or RMSprop.
        rates: learning rates, `(steps, R)`.
        seeds: initialisations and orders of the data. Batches have 32 rows.
        rows: of a shuffle, to train on, default the first 1000.
        weights: stacked weights to start from, default new ones.
        classes: the first digits if positive, the last if negative.
        **options: passed to `kind`, without `lr`.

    Returns:
        Training losses `(steps, seeds, R)`, loss and accuracy on other rows, weights.

    Raises:
        ValueError: if `rates` is not a matrix.

    Source:
        Own experiment; `sklearn.datasets.load_digits`, averaged to 4 x 4 pixels.

    Examples:
        >>> grid = torch.tensor([0.0, 0.1])
        >>> runs = many_runs(torch.optim.SGD, grid.expand(20, 2), seeds=2)
        >>> runs.train.shape, runs.loss.shape
        (torch.Size([20, 2, 2]), torch.Size([2, 2]))
        >>> bool((runs.loss[:, 1] < runs.loss[:, 0]).all())
        True
    """
    if rates.ndim != 2:
        raise ValueError(f"rates must be (steps, R), got shape {tuple(rates.shape)}")
    count = rates.shape[1]
    generator = torch.Generator().manual_seed(0)
    x, y = _digits()
    order = torch.randperm(len(x), generator=generator)
    x, y = x[order], y[order]
    used = y < classes if classes > 0 else y >= 10 + classes
    x, y = x[used], y[used]
    rows = torch.arange(1000) if rows is None else rows
    held = torch.ones(len(x), dtype=torch.bool)
    held[rows] = False
    if weights is None:
        first, second = (
            torch.rand(seeds, 16, n, generator=generator) * 1.22 - 0.61  # (6 / 16)^0.5
            for n in (16, 10)
        )
        first = first[:, :, None].expand(-1, -1, count, -1)
        weights = [first, 0 * first[:, :1], second[:, None].expand(-1, count, -1, -1)]
    w = [v.clone().requires_grad_() for v in weights]

    def network(x: Tensor) -> Tensor:  # (seeds, N, 16) to (seeds, R, N, 10)
        hidden = (x @ w[0].flatten(2)).unflatten(2, (count, 16)) + w[1]
        return hidden.relu().transpose(1, 2) @ w[2]

    def loss(z: Tensor, y: Tensor) -> Tensor:
        y = y[:, None].expand(z.shape[:-1])
        return F.cross_entropy(z.movedim(3, 1), y, reduction="none").mean(2)

    optimizer = kind(w, lr=1.0, **options)
    train = []
    for rate in rates:
        draw = rows[torch.randint(len(rows), (seeds, 32), generator=generator)]
        optimizer.zero_grad()
        values = loss(network(x[draw]), y[draw])
        values.sum().backward()
        old = [v.detach().clone() for v in w]
        optimizer.step()
        with torch.no_grad():
            for v, before, end in zip(w, old, (1, 1, 2), strict=True):
                v.copy_(before + (v - before) * rate.view(-1, *[1] * end))
        train.append(values.detach())
    with torch.no_grad():
        z = network(x[held].expand(seeds, -1, -1))
        targets = y[held].expand(seeds, -1)
        right = (z.argmax(3) == targets[:, None]).float().mean(2)
        w = [v.detach() for v in w]
        return _Runs(torch.stack(train), loss(z, targets), right, w)
