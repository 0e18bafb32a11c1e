"""Held-out accuracy over seeds, and how often a few seeds name the better setting."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.training.reproducibility.stacked_mlp import StackedMLP

SEEDS, BATCH, STEPS, TRAIN = 32, 32, 200, 1000
SETTINGS = {"plain": {}, "lr 0.05": {"lr": 0.05}, "smoothing": {"smoothing": 0.1}}


def _accuracies(
    lr: float = 0.1,
    smoothing: float = 0.0,
    own_start: bool = True,
    own_order: bool = True,
    seeds: int = SEEDS,
) -> Tensor:
    """Accuracy in per cent after STEPS steps of SGD, `(seeds,)`."""
    images, labels = load_digits(return_X_y=True)
    split = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    x, y = torch.tensor(images / 16).float()[split], torch.tensor(labels)[split]
    start, order = (torch.Generator().manual_seed(seed) for seed in (1, 2))
    model = StackedMLP((64, 32, 10), seeds, generator=start)
    if not own_start:
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(p[:1].clone().expand_as(p))
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=0.9)
    for _ in range(STEPS):
        index = torch.randint(TRAIN, (seeds, BATCH), generator=order)
        if not own_order:
            index = index[:1].expand(seeds, -1)
        logits = model(x[index]).mT
        optimizer.zero_grad()
        loss = F.cross_entropy(logits, y[index], label_smoothing=smoothing)
        (seeds * loss).backward()
        optimizer.step()
    with torch.no_grad():
        return 100 * (model(x[TRAIN:]).argmax(2) == y[TRAIN:]).float().mean(1)


def figure() -> Figure:
    """Draw the accuracies, and the share of right decisions against the seeds used."""
    found = {name: _accuracies(**setting) for name, setting in SETTINGS.items()}
    fig, (top, low) = plt.subplots(2, figsize=(5.5, 5.6))
    for i, values in enumerate(found.values()):
        height = i + 0.12 * torch.linspace(-1, 1, SEEDS)
        top.plot(values, height, "o", color=f"C{i}", ms=3, alpha=0.6)
        half = 2.04 * values.std() / SEEDS**0.5  # 95 %
        top.errorbar(values.mean(), i - 0.3, xerr=half, fmt="s", color=f"C{i}", ms=4)
    top.set_yticks(range(3), list(found))
    top.set(xlabel="held-out accuracy (%), a point for each seed", ylim=(-0.6, 2.4))
    chance = torch.Generator().manual_seed(0)
    counts = range(1, 16)
    for name, colour in ("smoothing", "C2"), ("lr 0.05", "C1"):
        better = found[name].mean() > found["plain"].mean()
        for label, shift in ("same seeds", 0), ("other seeds", 1):
            right = []
            for n in counts:
                one, two = torch.randint(SEEDS, (2, 4000, n), generator=chance)
                other = two if shift else one
                gain = found[name][one].mean(1) - found["plain"][other].mean(1)
                right.append(100 * ((gain > 0) == better).float().mean())
            style = "--" if shift else "-"
            low.plot(counts, right, style, color=colour, label=f"{name}, {label}")
    low.legend(loc="lower right")
    low.set(
        xlabel="seeds for each setting", ylabel="right decision (%)", ylim=(40, 101)
    )
    top.set_title("One seed names the better setting by luck")
    return fig
