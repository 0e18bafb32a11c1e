"""Loss by batch size at the best rate, for equal epochs and for equal steps."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.optim import SGD, Adam

from snippets.training.batch_size.losses_by_rate import losses_by_rate

BATCHES = 8, 32, 128
EXPONENTS = {SGD: torch.arange(-1.5, 1.26, 0.25), Adam: torch.arange(-2.5, -0.24, 0.25)}
SAMPLES, STEPS, RUNS = 1024, 32, 8


def _losses() -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    """Mean loss at the best rate and that rate, by optimizer, budget and batch size."""
    found = {}
    for kind, exponents in EXPONENTS.items():
        for budget in ("epochs", "steps"):
            losses, rates = [], []
            for batch in BATCHES:
                steps = STEPS if budget == "steps" else SAMPLES // batch
                mean = losses_by_rate(kind, 10**exponents, batch, steps, RUNS).mean(1)
                losses.append(mean.min().item())
                rates.append(10 ** exponents[mean.argmin()].item())
            found[kind.__name__, budget] = losses, rates
    return found


def figure() -> Figure:
    """Draw losses and best rates below each other."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.2), sharex=True)
    for i, ((name, budget), results) in enumerate(_losses().items()):
        look = {"color": f"C{i // 2}", "ls": ("-", "--")[i % 2], "marker": "o"}
        for ax, values in zip(axes, results, strict=True):
            ax.plot(BATCHES, values, **look, label=f"{name}, equal {budget}")
    axes[0].set(ylabel="validation loss", ylim=(0, 2))
    axes[0].set_title("More samples a step help, fewer steps do not")
    axes[0].legend(loc="upper left")
    axes[1].set(xscale="log", yscale="log", xlabel="batch size")
    axes[1].set_ylabel("best learning rate")
    axes[1].set_xticks(BATCHES, BATCHES)
    axes[1].minorticks_off()
    return fig
