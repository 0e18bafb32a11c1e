"""Validation and test accuracy of the best of k trials."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.training.search.expected_best import expected_best
from snippets.training.search.trials import trials


def _measure() -> tuple[Tensor, Tensor, Tensor]:
    """By number of trials: expected best validation score, test score of the picks,
    and where 80 % of the best validation scores lie. 400 searches out of 512 trials.
    """
    generator = torch.Generator().manual_seed(2)
    validation, test = trials(torch.rand(512, 4, generator=generator))
    order = torch.rand(400, 512, generator=generator).argsort(1)[:, :64]
    best, pick = validation[order].cummax(1)
    ends = best.quantile(torch.tensor([0.1, 0.9]), 0)
    return expected_best(validation)[:64], test[order].gather(1, pick).mean(0), ends


def figure() -> Figure:
    """Draw both against the number of trials."""
    fig, ax = plt.subplots()
    best, picked, (low, high) = (100 * v for v in _measure())
    k = range(1, 65)
    ax.fill_between(k, low, high, color="C0", alpha=0.2, lw=0)
    ax.plot(k, best, color="C0")
    ax.plot(k, picked, color="C1")
    ax.text(1.1, 89, "best validation score, and 80 % of searches", color="C0")
    ax.text(11, 76, "test score of the same trial", color="C1")
    ax.set(xscale="log", xlabel="number of random trials", ylabel="accuracy, %")
    ax.set_xticks((1, 2, 4, 8, 16, 32, 64), ("1", "2", "4", "8", "16", "32", "64"))
    ax.minorticks_off()
    ax.set(ylim=(60, 92))
    ax.set_title("The best score grows with the number of trials")
    return fig
