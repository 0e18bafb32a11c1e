"""How far SGD stays from the minimum when the gradient is noisy."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
RATE, RUNS, STEPS = 0.1, 1000, 800


def _distances() -> Tensor:
    """Standard deviation of the weight, by way of choosing the rate and momentum.

    The loss is half the squared weight; unit normal noise is added to its gradient.
    """
    generator = torch.Generator().manual_seed(0)
    settings = [(RATE, m) for m in MOMENTA]
    settings += [(RATE * (1 - m), m) for m in MOMENTA]
    weights = [nn.Parameter(torch.zeros(RUNS)) for _ in settings]
    optimizer = torch.optim.SGD(
        {"params": [w], "lr": lr, "momentum": m}
        for w, (lr, m) in zip(weights, settings, strict=True)
    )
    for _ in range(STEPS):
        noise = torch.randn(RUNS, generator=generator)
        for w in weights:
            w.grad = w.detach() + noise
        optimizer.step()
    return torch.stack([w.detach().std() for w in weights]).view(2, -1)


def _expected(lr: float, m: float) -> float:
    """The same in closed form."""
    return math.sqrt(lr * (1 + m) / ((1 - m) * (2 * (1 + m) - lr)))


def figure() -> Figure:
    """Draw measured dots on closed forms."""
    fig, ax = plt.subplots()
    momenta = [1 - 10 ** (-k / 50) for k in range(101)]
    found = _distances()
    curves = (
        [_expected(RATE, m) for m in momenta],
        [_expected(RATE * (1 - m), m) for m in momenta],
    )
    names = "lr 0.1", "lr 0.1 × (1 − m)"
    for i in (0, 1):
        ax.loglog([1 - m for m in momenta], curves[i], color=f"C{i}")
        ax.plot([1 - m for m in MOMENTA], found[i], "o", color=f"C{i}")
        ax.text(0.035, (1.5, 0.17)[i], names[i], color=f"C{i}")
    ax.set_xticks([1 - m for m in MOMENTA], [f"{m:g}" for m in MOMENTA])
    ax.minorticks_off()
    ax.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    ax.invert_xaxis()
    ax.set(xlabel="momentum m", ylabel="standard deviation", ylim=(0.12, 3.5))
    ax.set_title("At one learning rate, momentum adds noise")
    return fig
