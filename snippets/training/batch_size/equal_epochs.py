"""The best learning rate by batch size when every batch size sees the same samples."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.optim import SGD, Adam

from snippets.training.batch_size.losses_by_rate import losses_by_rate
from snippets.training.batch_size.lowest import lowest

BATCHES = 4, 8, 16, 32, 64, 128, 256
EXPONENTS = {SGD: torch.arange(-1.5, 1.26, 0.25), Adam: torch.arange(-2.5, -0.24, 0.25)}
SAMPLES, RUNS = 1024, 8


def _best() -> dict[type, Tensor]:
    """Decimal logarithms of the best rates, by batch size and run."""
    found = {}
    for kind, exponents in EXPONENTS.items():
        losses = [
            losses_by_rate(kind, 10**exponents, b, SAMPLES // b, RUNS) for b in BATCHES
        ]
        found[kind] = torch.stack([lowest(exponents, loss) for loss in losses])
    return found


def figure() -> Figure:
    """Draw the best rates with 95 % intervals, and both rules."""
    fig, ax = plt.subplots(figsize=(5.5, 4))
    batches = torch.tensor(BATCHES)
    for i, best in enumerate(_best().values()):
        mean, half = best.mean(1), 2.36 * best.std(1) / RUNS**0.5
        ends = torch.stack(
            [10**mean - 10 ** (mean - half), 10 ** (mean + half) - 10**mean]
        )
        ax.errorbar(BATCHES, 10**mean, ends, fmt="o", color=f"C{i}", capsize=3)
        power = (1, 0.5)[i]
        rule = 10 ** mean[0] * (batches / batches[0]) ** power
        ax.plot(BATCHES, rule, color=f"C{i}", lw=1)
        ax.text(5, (0.45, 0.024)[i], ("SGD", "Adam")[i], color=f"C{i}")
        ax.text(70, (7.5, 0.042)[i], ("linear", "square root")[i], color=f"C{i}")
    ax.set(xscale="log", yscale="log", xlabel="batch size", ylabel="best learning rate")
    ax.set_xticks(BATCHES, BATCHES)
    ax.minorticks_off()
    ax.set_title("Linear holds for SGD up to 32, Adam is steeper than the root")
    return fig
