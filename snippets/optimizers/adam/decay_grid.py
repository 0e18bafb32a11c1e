"""Validation loss over learning rate and weight decay, for both kinds of decay."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.optimizers.adam.digits_runs import digits_runs

RATES = torch.tensor([0.003, 0.01, 0.03, 0.1])
COUPLED = torch.tensor([0.0, 0.001, 0.003, 0.01, 0.03])
DECOUPLED = torch.tensor([0.0, 0.03, 0.1, 0.3, 1.0])
SEEDS, STEPS = 4, 200
CELLS = [(i, j) for i in range(4) for j in range(5)]


def _losses(seeds: int = SEEDS) -> Tensor:
    """Validation losses `(kind, rate, decay, seed)`; kind 0 is L2, kind 1 AdamW."""
    rate = RATES[:, None].expand(2, -1, 5).flatten()
    decay = torch.stack([COUPLED, DECOUPLED])[:, None].expand(-1, 4, -1).flatten()
    kind = torch.arange(2.0).repeat_interleave(20)
    _, val = digits_runs("adam", rate, decay, kind, seeds, STEPS)
    return val.view(2, 4, 5, seeds)


def figure() -> Figure:
    """Draw a map for each kind, with the mean loss in each cell; the least is bold."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.6))
    names = "Adam, L2 in the gradient", "AdamW, decoupled"
    mean = _losses().mean(-1)
    for ax, name, values, decay in zip(
        axes, names, mean, (COUPLED, DECOUPLED), strict=True
    ):
        for (i, j), value in zip(CELLS, values.flatten().tolist(), strict=True):
            depth = min(0.65, 0.9 * (value - 0.6))
            box = plt.Rectangle((j - 0.5, i - 0.5), 1, 1, color="C0", alpha=depth, lw=0)
            ax.add_patch(box)
            weight = "bold" if value == values.min().item() else "normal"
            ax.text(j, i, f"{value:.2f}", ha="center", va="center", weight=weight)
        ax.set(ylabel="peak lr", xlabel=f"weight_decay of {name.split(',')[0]}")
        ax.set_yticks(range(4), [f"{r:g}" for r in RATES])
        ax.set_xticks(range(5), [f"{d:g}" for d in decay])
        ax.set_title(name)
        ax.grid(visible=False)
        ax.set(xlim=(-0.5, 4.5), ylim=(-0.5, 3.5))
    return fig
