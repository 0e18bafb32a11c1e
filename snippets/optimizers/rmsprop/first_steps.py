"""Length of each step under a constant gradient."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import nn
from torch.optim import Adagrad, Adam, Optimizer, RMSprop

from snippets.optimizers.rmsprop.rmsprop_tf import RMSpropTF

STEPS = 300
CASES: dict[str, tuple[type[Optimizer], dict]] = {
    "RMSprop": (RMSprop, {}),
    "RMSprop, alpha 0.9": (RMSprop, {"alpha": 0.9}),
    "Adam": (Adam, {}),
    "Adagrad": (Adagrad, {}),
    "TensorFlow's RMSprop": (RMSpropTF, {}),
}


def _lengths(kind: type[Optimizer], options: dict, grad: float = 1.0) -> list[float]:
    """Step in units of lr at each step."""
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    weight.grad = torch.full_like(weight, grad)
    optimizer = kind([weight], lr=1.0, **options)
    path = [0.0]
    for _ in range(STEPS):
        optimizer.step()
        path.append(-weight.item())
    return [b - a for a, b in zip(path, path[1:], strict=False)]


def figure() -> Figure:
    """Draw the lengths for a gradient of 1."""
    fig, ax = plt.subplots()
    for i, (name, (kind, options)) in enumerate(CASES.items()):
        lengths = _lengths(kind, options)
        ax.loglog(range(1, STEPS + 1), lengths, color=f"C{i}", label=name)
    ax.legend(loc="lower left")
    ax.set(xlabel="step", ylabel="step length / lr", ylim=(0.03, 15))
    ax.set_title("RMSprop starts ten times too long")
    return fig
