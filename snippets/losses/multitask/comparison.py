"""Two tasks on one small trunk: the test error of each way to combine their losses."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.multitask.toy_training import FIXED, SEEDS, toy_training

ADAPTIVE = [
    "PCGrad",
    "PCGrad, equal units",
    "GradNorm",
    "uncertainty",
    "uncertainty, started",
    "running mean",
]


def _errors() -> dict[str, Tensor]:
    """Give the test errors `(seeds, 2)` of every way, the tuned sum among them."""
    methods = ["A alone", "B alone", *FIXED, *ADAPTIVE]
    _, by_label, test, _ = toy_training(methods)
    errors = dict(zip(methods, test, strict=True))
    alone = torch.stack([errors.pop("A alone")[:, 0], errors.pop("B alone")[:, 1]], 1)
    best = by_label[2 : 2 + len(FIXED)].sum(2).argmin(0)
    tuned = test[2 + best, torch.arange(SEEDS)]
    shown = {"one network a task": alone, "tuned sum": tuned}
    return shown | {m: e for m, e in errors.items() if not m.startswith("B times")}


def figure() -> Figure:
    """Draw the test error of both tasks for each way, with 95 % intervals."""
    errors = _errors()
    fig, ax = plt.subplots(figsize=(5.5, 4.6))
    for task, name in enumerate("AB"):
        error = torch.stack(list(errors.values()))[:, :, task]
        # 2.13 is Student's quantile for 15 degrees of freedom
        half = 2.13 * error.std(1) / SEEDS**0.5
        height = torch.arange(len(errors)) + 0.24 * task - 0.12
        marker = "os"[task]
        ax.errorbar(error.mean(1), height, xerr=half, fmt=marker, label=f"task {name}")
    ax.set_yticks(range(len(errors)), list(errors))
    ax.invert_yaxis()
    ax.set(xlabel="test error (share of the target's variance)", xlim=(0, 0.85))
    ax.legend()
    ax.set_title("Equal units repair more than PCGrad")
    return fig
