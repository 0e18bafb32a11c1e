"""LAMB and LARS beside AdamW and Nesterov momentum on full batches."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.lamb.lamb import Lamb
from snippets.optimizers.lamb.lars import Lars

SEEDS, BATCH, UNITS, STEPS = 6, 256, 16, 30
GRIDS = {"AdamW": 0.02, "LAMB": 0.02, "Nesterov": 0.2, "LARS": 0.2}


def _losses(name: str) -> Tensor:
    """Test cross-entropy of networks on digits, `(learning rates, SEEDS)`."""
    generator = torch.Generator().manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    order = [torch.randperm(len(x), generator=generator) for _ in range(SEEDS)]
    train, test = torch.stack(order).split([1397, 400], 1)
    start = [
        torch.randn(SEEDS, n, k, generator=generator) / n**0.5
        for n, k in ((64, UNITS), (UNITS, 10))
    ]
    # A tensor for each run and layer: the norms of LAMB and LARS are per tensor.
    rates = [GRIDS[name] * 2**k for k in range(5)]
    models = [[list(w.clone().unbind()) for w in start] for _ in rates]
    groups = [
        {"params": [w.requires_grad_() for layer in m for w in layer], "lr": lr}
        for m, lr in zip(models, rates, strict=True)
    ]
    make = {
        "AdamW": lambda: torch.optim.AdamW(groups, weight_decay=0.0, foreach=True),
        "LAMB": lambda: Lamb(groups, weight_decay=0.0),
        "Nesterov": lambda: torch.optim.SGD(groups, momentum=0.9, nesterov=True),
        "LARS": lambda: Lars(groups, lr=0.0, trust_coefficient=0.1),
    }
    optimizer = make[name]()
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, STEPS)

    def losses(index: Tensor) -> Tensor:
        first, second = (
            torch.stack([torch.stack(layer) for layer in layers])
            for layers in zip(*models, strict=True)
        )
        z = (x[index] @ first).tanh() @ second
        target = y[index].expand(len(rates), -1, -1)
        loss = F.cross_entropy(z.flatten(0, 2), target.flatten(), reduction="none")
        return loss.view(target.shape).mean(2)

    for _ in range(STEPS):
        drawn = torch.randint(1397, (SEEDS, BATCH), generator=generator)
        optimizer.zero_grad()
        losses(train.gather(1, drawn)).sum().backward()
        optimizer.step()
        schedule.step()
    return losses(test).detach()


def figure() -> Figure:
    """Draw the test loss against the learning rate for the four."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for i, (name, lowest) in enumerate(GRIDS.items()):
        loss, rates = _losses(name), [lowest * 2**k for k in range(5)]
        # 95 % interval: 2.57 is Student's quantile for 5 degrees of freedom
        mean, half = loss.mean(1), 2.57 * loss.std(1) / SEEDS**0.5
        style = {"marker": "os^v"[i], "markersize": 4, "ls": ["-", "--"][i % 2]}
        ax.errorbar(rates, mean, half, label=name, **style)
    ax.set(xscale="log", yscale="log", xlabel="learning rate, decayed linearly to 0")
    ax.set(
        ylim=(0.08, 3), yticks=[0.1, 0.3, 1, 3], yticklabels=["0.1", "0.3", "1", "3"]
    )
    ax.set(
        ylabel="test loss (nats)", title="On 30 large batches the trust ratio is ahead"
    )
    ax.legend(ncol=2)
    return fig
