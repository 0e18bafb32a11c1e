"""Adafactor and AdamW across four decades of learning rates."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

SEEDS, STEPS, UNITS = 6, 60, 16
RATES = [10 ** (k / 2) for k in range(-6, 3)]


def _losses(name: str) -> Tensor:
    """Test cross-entropy of networks on digits, `(learning rates, SEEDS)`."""
    generator = torch.Generator().manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    order = torch.stack(
        [torch.randperm(len(x), generator=generator) for _ in range(SEEDS)]
    )
    train, test = order[:, :1437], order[:, 1437:]
    start = [
        torch.randn(SEEDS, n, k, generator=generator) * gain / n**0.5
        for n, k, gain in ((64, UNITS, 2**0.5), (UNITS, 10, 1.0))
    ]
    # Adafactor scales by the RMS of a whole tensor: each network has its own.
    layers = [[w.clone().requires_grad_() for _ in RATES for w in ws] for ws in start]
    groups = [
        {"params": [w for ws in layers for w in ws[i * SEEDS : (i + 1) * SEEDS]]}
        | {"lr": lr}
        for i, lr in enumerate(RATES)
    ]
    make = {"AdamW": torch.optim.AdamW, "Adafactor": torch.optim.Adafactor}[name]
    optimizer = make(groups, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)

    def losses(index: Tensor) -> Tensor:
        first, second = (
            torch.stack(ws).view(len(RATES), *w.shape)
            for ws, w in zip(layers, start, strict=True)
        )
        z = (x[index] @ first).relu() @ second
        target = y[index].expand(len(RATES), -1, -1)
        loss = F.cross_entropy(z.flatten(0, 2), target.flatten(), reduction="none")
        return loss.view(target.shape).mean(2)

    for _ in range(STEPS):
        drawn = torch.randint(1437, (SEEDS, 32), generator=generator)
        optimizer.zero_grad()
        losses(train.gather(1, drawn)).sum().backward()
        optimizer.step()
        schedule.step()
    return losses(test).detach()


def figure() -> Figure:
    """Draw the test loss against the learning rate."""
    fig, ax = plt.subplots()
    for i, name in enumerate(("AdamW", "Adafactor")):
        loss = _losses(name)
        # 95 % interval: 2.57 is Student's quantile for 5 degrees of freedom
        mean, half = loss.mean(1), 2.57 * loss.std(1) / SEEDS**0.5
        ax.plot(RATES, mean, marker="os"[i], markersize=4, label=name)
        ax.fill_between(RATES, mean - half, mean + half, alpha=0.2, lw=0)
    ax.set(xscale="log", ylim=(0, 2.6), ylabel="test loss (nats)")
    ax.set_xlabel("learning rate, decayed linearly to 0")
    ax.legend(loc="lower left")
    ax.set_title("Adafactor wants ten times AdamW's rate, and bears more")
    return fig
