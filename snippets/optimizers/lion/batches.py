"""Lion and AdamW across learning rates, at two batch sizes."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.lion.lion import Lion

SEEDS, STEPS, UNITS = 8, 80, 16
RATES = [10 ** (k / 2) for k in range(-6, 0)]


def _losses(name: str, batch: int) -> Tensor:
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
    # Elementwise optimizers train all seeds at once: one group for each rate.
    models = [[w.clone().requires_grad_() for w in start] for _ in RATES]
    groups = [{"params": m, "lr": lr} for m, lr in zip(models, RATES, strict=True)]
    make = {
        "AdamW": lambda: torch.optim.AdamW(groups, weight_decay=0.01),
        "Lion": lambda: Lion(groups, weight_decay=0.1),
    }
    optimizer = make[name]()
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)

    def losses(index: Tensor) -> Tensor:
        first, second = (torch.stack(ws) for ws in zip(*models, strict=True))
        z = (x[index] @ first).relu() @ second
        target = y[index].expand(len(RATES), -1, -1)
        loss = F.cross_entropy(z.flatten(0, 2), target.flatten(), reduction="none")
        return loss.view(target.shape).mean(2)

    for _ in range(STEPS):
        drawn = torch.randint(1437, (SEEDS, batch), generator=generator)
        optimizer.zero_grad()
        losses(train.gather(1, drawn)).sum().backward()
        optimizer.step()
        schedule.step()
    return losses(test).detach()


def figure() -> Figure:
    """Draw the test loss against the learning rate, one panel for each batch size."""
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.5, 5.2))
    for ax, batch in zip(axes, (4, 32), strict=True):
        for i, name in enumerate(("AdamW", "Lion")):
            loss = _losses(name, batch)
            # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
            mean, half = loss.mean(1), 2.36 * loss.std(1) / SEEDS**0.5
            ax.plot(RATES, mean, marker="os"[i], markersize=4, label=name)
            ax.fill_between(RATES, mean - half, mean + half, alpha=0.2, lw=0)
        ax.text(1.1e-3, 0.25, f"batch {batch}")
        ax.set(xscale="log", ylim=(0, 2.5), ylabel="test loss (nats)")
    axes[0].legend(loc="upper center")
    axes[1].set_xlabel("learning rate, decayed linearly to 0")
    axes[0].set_title("In a short run, Lion needs AdamW's rate or half of it")
    return fig
