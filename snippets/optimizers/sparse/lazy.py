"""Where a row goes that is seen in every twentieth batch only."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.optim import Adam, SparseAdam

STEPS, EVERY = 120, 20


def _path(sparse: bool) -> list[float]:
    """Distance of the row in units of lr, after each step."""
    table = nn.Embedding(2, 1, sparse=sparse)
    nn.init.zeros_(table.weight)
    kind = SparseAdam if sparse else Adam
    optimizer = kind(list(table.parameters()), lr=0.001)
    path = [0.0]
    for step in range(1, STEPS + 1):
        rows = torch.tensor([0, 1] if step % EVERY == 0 else [1])
        optimizer.zero_grad()
        table(rows).sum().backward()
        optimizer.step()
        path.append(-table.weight[0].item() / 0.001)
    return path


def figure() -> Figure:
    """Draw both paths."""
    fig, ax = plt.subplots()
    for i, sparse in enumerate((False, True)):
        ax.plot(_path(sparse), color=f"C{i}", drawstyle="steps-post")
    for step in range(EVERY, STEPS, EVERY):
        ax.axvline(step, color="C5", lw=0.8, ls=":", zorder=0)
    ax.text(60, 16, "Adam", color="C0", ha="right")
    ax.text(97, 8, "SparseAdam", color="C1", ha="right")
    ax.text(2, 22, "dotted: in the batch", color="C5")
    ax.set(xlabel="step", ylabel="distance moved / lr")
    ax.set_title("Adam moves absent rows, SparseAdam does not")
    return fig
