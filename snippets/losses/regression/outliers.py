"""Outliers in y and outliers in x, for MSE, Huber and L1."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

PERCENT = (0, 2, 5, 10, 15, 20, 30)
SEEDS = 16
LOSSES = {
    "MSE": F.mse_loss,
    "Huber": lambda p, t, reduction: F.huber_loss(p, t, reduction, delta=0.67),
    "L1": F.l1_loss,
}


def _data(kind: str) -> tuple[Tensor, Tensor]:
    # a row of 100 points for each percentage and seed
    generator = torch.Generator().manual_seed(0)
    x = 4 * torch.rand(SEEDS, 100, generator=generator) - 2
    y = 2 * x + 1 + 0.5 * torch.randn(SEEDS, 100, generator=generator)
    x, y = x.repeat(len(PERCENT), 1, 1), y.repeat(len(PERCENT), 1, 1)
    for i, k in enumerate(PERCENT):
        if kind == "y":
            y[i, :, :k] += 10
        else:
            x[i, :, :k] = 10  # a leverage point: its y stays what it was
    return x, y


def _errors(loss, kind: str) -> Tensor:
    """Fit all lines at once and give their RMS distance to the true one on [-2, 2].

    Examples:
        >>> for name, loss in LOSSES.items():
        ...     y, x = (_errors(loss, kind).mean(1) for kind in "yx")
        ...     print(f"{name:6}{y[0]:.2f} {y[3]:.2f} {x[2]:.2f} {x[4]:.2f}")
        MSE   0.06 1.02 1.85 2.16
        Huber 0.07 0.09 0.45 2.11
        L1    0.08 0.08 0.36 2.11
    """
    x, y = _data(kind)
    line = torch.zeros(2, *x.shape[:2], 1, requires_grad=True)
    optimizer = torch.optim.Adam([line], lr=0.2)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 1e-3, 400)
    for _ in range(400):
        optimizer.zero_grad()
        loss(line[0] * x + line[1], y, reduction="none").mean(dim=2).sum().backward()
        optimizer.step()
        schedule.step()
    slope, intercept = line.detach().squeeze(3)
    return ((slope - 2) ** 2 * 4 / 3 + (intercept - 1) ** 2).sqrt()


def figure() -> Figure:
    """Draw the error of the fit against the share of outliers, in y and in x."""
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for ax, kind in zip(axes, "yx", strict=True):
        for name, loss in LOSSES.items():
            error = _errors(loss, kind)
            # 95 % interval: 2.13 is Student's quantile for 15 degrees of freedom
            mean, half = error.mean(1), 2.13 * error.std(1) / SEEDS**0.5
            ax.plot(PERCENT, mean, label=name)
            ax.fill_between(PERCENT, mean - half, mean + half, alpha=0.2, lw=0)
        ax.set(ylim=(0, 3), ylabel="RMS error of the line")
        ax.text(0, 2.7, f"outliers in {kind} ({kind} {'+' if kind == 'y' else '='} 10)")
    axes[1].legend(loc="lower right")
    axes[1].set_xlabel("outliers in the training data (%)")
    axes[0].set_title("L1 and Huber resist outliers in y, not in x")
    return fig
