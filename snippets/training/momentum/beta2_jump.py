"""What beta2 does when gradients grow: oversized steps, and a change of the data."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.optimizers.sgd.sgd_or_adam import HIDDEN, _digits

BETAS = (0.9, 0.95, 0.99, 0.999)
BEFORE, AFTER, RUNS = 100, 40, 8


def _steps() -> Tensor:
    """Step / lr by beta2, after 2000 gradients of 0.001 and then gradients of 1."""
    weights = [nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in BETAS]
    groups = [
        {"params": [w], "betas": (0.9, b)} for w, b in zip(weights, BETAS, strict=True)
    ]
    optimizer = torch.optim.Adam(groups, lr=1.0)
    places = []
    for step in range(2000 + AFTER):
        for w in weights:
            w.grad = torch.full_like(w, 1e-3 if step < 2000 else 1.0)
        if step >= 2000:
            places.append(torch.cat([w.detach() for w in weights]))
        optimizer.step()
    return -torch.stack(places, 1).diff(dim=1)


def _losses() -> Tensor:
    """Loss of each batch by beta2, run and step: digits 0 to 4 first, then all."""
    x, y = _digits()
    few = (y < 5).nonzero()[:, 0]
    generator = torch.Generator().manual_seed(0)
    shapes = (16, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
    first = [
        torch.rand(RUNS, *s, generator=generator).mul(2).sub(1) / 4 for s in shapes
    ]
    weights = [[p.clone().requires_grad_() for p in first] for _ in BETAS]
    groups = [
        {"params": w, "betas": (0.9, b)} for w, b in zip(weights, BETAS, strict=True)
    ]
    optimizer = torch.optim.Adam(groups, lr=0.01)
    losses = []
    for step in range(BEFORE + AFTER):
        rows = torch.randint(
            len(few) if step < BEFORE else len(y), (RUNS, 32), generator=generator
        )
        rows = few[rows] if step < BEFORE else rows
        z = torch.stack([(x[rows] @ w + b).relu() @ v + c for w, b, v, c in weights])
        target = y[rows].expand(len(BETAS), -1, -1)
        loss = F.cross_entropy(z.movedim(3, 1), target, reduction="none").mean(2)
        optimizer.zero_grad()
        loss.sum().backward()
        optimizer.step()
        losses.append(loss.detach())
    return torch.stack(losses, 2)


def figure() -> Figure:
    """Draw the steps, and the loss of the network."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.2))
    losses = _losses()[:, :, BEFORE - 10 :]
    mean, half = losses.mean(1), 2.36 * losses.std(1) / RUNS**0.5  # 95 %
    for i, (b, path) in enumerate(zip(BETAS, _steps(), strict=True)):
        axes[0].plot(range(1, len(path) + 1), path, color=f"C{i}", label=f"beta2 {b:g}")
        at = range(-9, AFTER + 1)
        axes[1].plot(at, mean[i], color=f"C{i}")
        low, high = mean[i] - half[i], mean[i] + half[i]
        axes[1].fill_between(at, low, high, color=f"C{i}", alpha=0.15, lw=0)
    axes[0].legend(loc="center right")
    axes[0].set(xlabel="steps since the gradient grew 1000 times", ylabel="step / lr")
    axes[0].set_title("A large beta2 allows steps of many lr")
    axes[1].set(xlabel="steps since the new digits came", ylabel="batch loss")
    axes[1].set_title("Here the larger steps recovered sooner")
    return fig
