"""Length of the first steps under a constant gradient, with and without correction."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

SCALE, STEPS = 1e-3, 3000


def _lengths(optimizer: type, **options: float) -> Tensor:
    """Length of each step in units of the learning rate, for a gradient of `SCALE`."""
    weight = torch.zeros(1, dtype=torch.float64)
    weight.grad = torch.full_like(weight, SCALE)
    rule, path = optimizer([weight], lr=1.0, **options), [0.0]
    for _ in range(STEPS):
        rule.step()
        path.append(-weight.item())
    return torch.tensor(path, dtype=torch.float64).diff()


def figure() -> Figure:
    """Draw the lengths on logarithmic axes."""
    step = torch.arange(1, STEPS + 1, dtype=torch.float64)
    without = (1 - 0.9**step) / (1 - 0.999**step).sqrt()
    curves = {
        "Adam": _lengths(torch.optim.Adam),
        "without bias correction": without,
        "RAdam": _lengths(torch.optim.RAdam),
    }
    fig, ax = plt.subplots()
    for i, (name, length) in enumerate(curves.items()):
        ax.plot(step, length, color=f"C{i}", label=name)
    ax.set(xscale="log", yscale="log", ylim=(5e-4, 20))
    ax.set(xlabel="step", ylabel="length of the step / lr")
    ax.legend(loc="lower right")
    ax.set_title("A constant gradient of 0.001: the first steps")
    return fig
