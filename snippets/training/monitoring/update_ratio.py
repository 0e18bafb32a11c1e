"""The update ratio at the best rate, for two optimizers and two lengths of run."""

import functools

import torch
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from snippets.training.monitoring.runs import runs

SGD = functools.partial(torch.optim.SGD, momentum=0.9)
RATES = {"Adam": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2], "SGD": [1e-3, 3e-3, 1e-2, 3e-2, 0.1]}


def figure() -> Figure:
    """Validation loss against the median update ratio of the run."""
    fig, ax = plt.subplots(figsize=(5.5, 3.6))
    for style, steps in (("--", 80), ("-", 320)):
        for color, (name, optimizer) in enumerate(
            {"Adam": torch.optim.Adam, "SGD": SGD}.items()
        ):
            out = runs(RATES[name], optimizer, steps=steps, every=10)
            ratio = out["update_ratio"].median(0).values.mean(1)
            loss, spread = out["validation"].mean(1), out["validation"].std(1)
            half = 2.36 * spread / 8**0.5  # t, 7 degrees of freedom
            ax.errorbar(
                ratio,
                loss,
                half,
                ls=style,
                marker="o",
                ms=4,
                color=f"C{color}",
                capsize=2,
                label=f"{name}, {steps} steps",
            )
    ax.axvline(1e-3, color=plt.rcParams["text.color"], alpha=0.5, ls=":")
    ax.text(0.95e-3, 0.42, "1e-3", ha="right")
    ax.set(
        xscale="log",
        xlabel="update ratio, median over the run",
        ylabel="validation loss",
        ylim=(0.35, 2.5),
        title="Adam and SGD are best at the same ratio,\n"
        "and a longer run at a smaller one",
    )
    ax.legend(handlelength=3.5, markerscale=0)
    return fig
