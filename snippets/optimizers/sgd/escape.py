"""How often momentum carries a weight into the lowest of many minima."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

MOMENTA = (0.0, 0.9, 0.95, 0.99)
TRAVELS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # lr / (1 - momentum)
STARTS = torch.linspace(-10, 10, 401, dtype=torch.float64)
LOWEST, STEPS = -0.514, 1200


def _arrived() -> Tensor:
    """Share of starts that end in the lowest minimum, by momentum and travel.

    The loss is `0.05 * x**2 + 0.6 * sin(3 * x)`: minima about 2 apart in a bowl.
    """
    settings = [(m, travel) for m in MOMENTA for travel in TRAVELS]
    weights = [nn.Parameter(STARTS.clone()) for _ in settings]
    optimizer = torch.optim.SGD(
        {"params": [w], "lr": travel * (1 - m), "momentum": m}
        for w, (m, travel) in zip(weights, settings, strict=True)
    )
    for _ in range(STEPS):
        now = torch.stack([w.detach() for w in weights])
        for w, slope in zip(weights, 0.1 * now + 1.8 * (3 * now).cos(), strict=True):
            w.grad = slope
        optimizer.step()
    ends = torch.stack([w.detach() for w in weights])
    near = (ends - LOWEST).abs() < 0.5
    return near.double().mean(1).view(len(MOMENTA), len(TRAVELS))


def figure() -> Figure:
    """Draw the share against the travel."""
    fig, ax = plt.subplots()
    for i, (m, share) in enumerate(zip(MOMENTA, _arrived(), strict=True)):
        ax.semilogx(TRAVELS, 100 * share, "o-", color=f"C{i}", label=f"momentum {m:g}")
    ax.legend(loc="upper left")
    ax.set_xticks(TRAVELS, [f"{t:g}" for t in TRAVELS])
    ax.minorticks_off()
    ax.set(xlabel="lr / (1 − momentum)", ylabel="starts that reach it, %")
    ax.set(ylim=(0, 100))
    ax.set_title("Most starts miss the lowest minimum, with any momentum")
    return fig
