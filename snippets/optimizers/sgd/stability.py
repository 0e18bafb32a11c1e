"""The largest stable learning rate on a quadratic, found by running."""

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

MOMENTA = (0.0, 0.3, 0.6, 0.9)
STEPS, HALVINGS = 150, 9


def _limits(nesterov: bool) -> list[float]:
    """Halve the interval from 0 to 5 around the limit, for every momentum at once.

    The loss is half the squared weight, so the gradient is the weight.
    """
    low, high = np.zeros(len(MOMENTA)), np.full(len(MOMENTA), 5.0)
    for _ in range(HALVINGS):
        weights = [nn.Parameter(torch.ones(1)) for _ in MOMENTA]
        groups = [
            {"params": [w], "lr": lr, "momentum": m, "nesterov": nesterov and m > 0}
            for w, lr, m in zip(weights, (low + high) / 2, MOMENTA, strict=True)
        ]
        optimizer = torch.optim.SGD(groups)
        for w in weights:
            w.grad = w.detach()  # the same memory: the gradient stays the weight
        for _ in range(STEPS):
            optimizer.step()
        fell = np.array([abs(w.item()) < 1 for w in weights])
        middle = (low + high) / 2
        low, high = np.where(fell, middle, low), np.where(fell, high, middle)
    return ((low + high) / 2).tolist()


def figure() -> Figure:
    """Draw what was found on the closed forms."""
    fig, ax = plt.subplots()
    m = np.linspace(0, 1, 101)
    curves = 2 * (1 + m), 2 * (1 + m) / (1 + 2 * m)
    names = "momentum: 2(1 + m)", "Nesterov: 2(1 + m) / (1 + 2m)"
    for i, (curve, name) in enumerate(zip(curves, names, strict=True)):
        ax.plot(m, curve, color=f"C{i}")
        ax.plot(MOMENTA, _limits(i == 1), "o", color=f"C{i}")
        ax.text(0.3, (2.2, 1.1)[i], name, color=f"C{i}")
    ax.text(0, 0.15, "dots: torch.optim.SGD, by bisection", color="C5")
    ax.set(xlabel="momentum m", ylabel="largest stable lr × curvature", ylim=(0, 4.2))
    ax.set_title("Momentum raises the limit, Nesterov lowers it")
    return fig
