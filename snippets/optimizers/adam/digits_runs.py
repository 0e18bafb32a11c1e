"""Train a stack of small networks on noisy digits, each with its own settings."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

HIDDEN, TRAIN, BATCH, NOISE = 16, 200, 50, 0.15
SHAPES = (16, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
SPLIT = [rows * columns for rows, columns in SHAPES]


def _data(seeds: int) -> tuple[Tensor, ...]:
    # for each seed 200 noisy labels to train on, 600 clean ones to choose by
    images, labels = load_digits(return_X_y=True)
    pixels = torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8)
    x = F.avg_pool2d(pixels, 2).flatten(1)
    x, y = (x - x.mean(0)) / x.std(), torch.tensor(labels)
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(seeds, len(x), generator=generator).argsort(1)
    train, val = order[:, :TRAIN], order[:, TRAIN : TRAIN + 600]
    wrong = torch.rand(train.shape, generator=generator) < NOISE
    other = torch.randint(10, train.shape, generator=generator)
    return x[train], torch.where(wrong, other, y[train]), x[val], y[val]


def _loss(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy `(settings, seeds)`; `x` is `(seeds, N, 16)`, `y` `(seeds, N)`."""
    shape = theta.shape[:2]
    parts = zip(theta.split(SPLIT, -1), SHAPES, strict=True)
    w1, b1, w2, b2 = (part.unflatten(-1, size) for part, size in parts)
    z = (x @ w1 + b1).relu() @ w2 + b2
    index = y.expand(*shape, -1)[..., None]
    return (z.logsumexp(-1) - z.gather(-1, index)[..., 0]).mean(-1)


def digits_runs(
    rule: str,
    lr: Tensor,
    weight_decay: Tensor,
    decoupled: Tensor,
    seeds: int,
    steps: int,
) -> tuple[Tensor, Tensor]:
    """Return training and validation loss `(settings, seeds)` after all steps.

    The learning rate falls linearly to 0. All settings of one seed share data, start
    and batches.

    Args:
        rule: "adam", or "sgd" with momentum 0.9.
        lr: Peak learning rate of each setting, `(settings,)`.
        weight_decay: Of each setting.
        decoupled: 1 or 0, of each setting; "sgd" ignores it.
        seeds: Data sets, starts and orders of batches.
        steps: Of batches of 50.

    Source: torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD.

    Examples:
        >>> zero = torch.zeros(2)
        >>> train, val = digits_runs("adam", zero, zero, zero, seeds=3, steps=1)
        >>> val.shape, bool((2 < val).all() and (val < 3).all())  # ln 10 is 2.3
        (torch.Size([2, 3]), True)
    """
    x, y, val_x, val_y = _data(seeds)
    generator = torch.Generator().manual_seed(1)
    start = [
        (2 * torch.rand(seeds, size, generator=generator) - 1) * (rows > 1) / rows**0.5
        for size, (rows, _) in zip(SPLIT, SHAPES, strict=True)
    ]
    theta = torch.cat(start, 1).repeat(len(lr), 1, 1)
    lr, decay, decoupled = (t[:, None, None] for t in (lr, weight_decay, decoupled))
    state = torch.zeros_like(theta), torch.zeros_like(theta)
    row = torch.arange(seeds)[:, None]
    for step in range(1, steps + 1):
        index = torch.randint(TRAIN, (seeds, BATCH), generator=generator)
        theta.requires_grad_()
        loss = _loss(theta, x[row, index], y[row, index]).sum()
        (grad,) = torch.autograd.grad(loss, theta)
        theta, rate = theta.detach(), lr * (1 - (step - 1) / steps)
        if rule == "adam":
            grad = grad + decay * (1 - decoupled) * theta
            theta = theta * (1 - rate * decay * decoupled)
            m = 0.9 * state[0] + 0.1 * grad
            v = 0.999 * state[1] + 0.001 * grad.square()
            state, root = (m, v), (v / (1 - 0.999**step)).sqrt() + 1e-8
            theta = theta - rate * m / (1 - 0.9**step) / root
        else:
            m = 0.9 * state[0] + grad + decay * theta
            state, theta = (m, m), theta - rate * m
    with torch.no_grad():
        return _loss(theta, x, y), _loss(theta, val_x, val_y)
