"""Share of bfloat16 and float16 weights that a step of AdamW does not move."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import nn

RATES = torch.logspace(-6, -2, 13).tolist()


def _unmoved(dtype: torch.dtype, lr: float) -> float:
    """Of the weights of a linear layer at its initialisation, after one step."""
    layer = nn.Linear(256, 256, bias=False)
    generator = torch.Generator().manual_seed(0)
    nn.init.uniform_(layer.weight, -1 / 16, 1 / 16, generator=generator)
    layer.to(dtype)
    before = layer.weight.detach().clone()
    layer.weight.grad = torch.ones_like(before)
    eps = 1e-4 if dtype == torch.float16 else 1e-8
    torch.optim.AdamW(layer.parameters(), lr, eps=eps, weight_decay=0).step()
    return (layer.weight == before).float().mean().item()


def figure() -> Figure:
    """Draw the share against the learning rate."""
    fig, ax = plt.subplots()
    names = {"bfloat16": (3e-5, 85), "float16": (1.2e-6, 60), "float32": (2e-6, 4)}
    for i, (name, place) in enumerate(names.items()):
        share = [100 * _unmoved(getattr(torch, name), lr) for lr in RATES]
        ax.plot(RATES, share, "o-", color=f"C{i}")
        ax.text(*place, name, color=f"C{i}")
    ax.set(xscale="log", xlabel="learning rate", ylabel="weights that do not move, %")
    ax.set_title("Small steps are lost in 16-bit weights")
    return fig
