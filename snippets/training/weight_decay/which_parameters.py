"""Decay on every parameter of a small network against decay on its matrices only."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.adam.adam_step import adam_step
from snippets.optimizers.adam.digits_runs import BATCH, TRAIN, _data

DECAYS, RATES = torch.tensor([0.01, 0.1, 0.3, 1.0]), torch.tensor([0.01, 0.03])
STEPS, SEEDS, HIDDEN = 200, 8, 16
# two matrices with a bias each, and the gain and bias of a LayerNorm between them
SHAPES = (16, HIDDEN), (1, HIDDEN), (1, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
SPLIT = [rows * columns for rows, columns in SHAPES]


def _loss(theta: Tensor, x: Tensor, y: Tensor) -> Tensor:
    parts = zip(theta.split(SPLIT, -1), SHAPES, strict=True)
    w1, b1, gain, shift, w2, b2 = (p.unflatten(-1, size) for p, size in parts)
    hidden = F.layer_norm(x @ w1 + b1, (HIDDEN,)) * gain + shift
    log_p = (hidden.relu() @ w2 + b2).log_softmax(-1)
    index = y.expand(*theta.shape[:-1], -1)[..., None]
    return -log_p.gather(-1, index)[..., 0].mean(-1)


def _mask() -> Tensor:
    """Where decay acts: on matrices, and on everything."""
    matrix = torch.tensor([float(rows > 1) for rows, _ in SHAPES])
    matrix = matrix.repeat_interleave(torch.tensor(SPLIT))
    return torch.stack([matrix, torch.ones_like(matrix)])


def _change() -> Tensor:
    """Validation loss: matrices only, minus all `(lr, decay, seed)`."""
    x, y, val_x, val_y = _data(SEEDS)
    generator = torch.Generator().manual_seed(1)
    start = [
        (2 * torch.rand(SEEDS, size, generator=generator) - 1) * (rows > 1) / rows**0.5
        for size, (rows, _) in zip(SPLIT, SHAPES, strict=True)
    ]
    start[2] = torch.ones(SEEDS, HIDDEN)
    theta = torch.cat(start, 1).repeat(2, len(RATES), len(DECAYS), 1, 1)
    decay = DECAYS[:, None, None] * _mask()[:, None, None, None]
    state = torch.zeros_like(theta), torch.zeros_like(theta)
    row = torch.arange(SEEDS)[:, None]
    for step in range(1, STEPS + 1):
        index = torch.randint(TRAIN, (SEEDS, BATCH), generator=generator)
        loss = _loss(theta.requires_grad_(), x[row, index], y[row, index]).sum()
        (grad,) = torch.autograd.grad(loss, theta)
        rate = RATES[:, None, None, None] * (1 - (step - 1) / STEPS)
        theta, state = adam_step(
            theta.detach(), grad, state, step, rate, weight_decay=decay
        )
    with torch.no_grad():
        matrices, everything = _loss(theta, val_x, val_y)
    return matrices - everything


def figure() -> Figure:
    """Draw the paired differences with intervals."""
    fig, ax = plt.subplots()
    for i, (rate, change) in enumerate(zip(RATES, _change(), strict=True)):
        mean, half = change.mean(1), 2.36 * change.std(1) / SEEDS**0.5  # 95 %
        x = DECAYS * (0.95, 1.05)[i]
        ax.errorbar(x, mean, half, fmt="os"[i], color=f"C{i}", capsize=4)
        ax.plot(x, mean, color=f"C{i}", lw=1, label=f"peak lr {rate:g}")
    ax.axhline(0, color="C5", lw=1)
    ax.set(xscale="log", xlabel="weight_decay of AdamW")
    ax.set(ylabel="validation loss: matrices - all")
    ax.legend(loc="lower left")
    ax.set_title("To spare biases and gains: the sign is not fixed")
    return fig
