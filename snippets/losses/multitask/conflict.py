"""How the angle between two tasks' gradients changes while a network learns both."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure

from snippets.losses.multitask.toy_training import SEEDS, toy_training


def figure() -> Figure:
    """Draw the cosine at the trunk for the plain sum and for equal units, 16 seeds."""
    cosines = toy_training(["sum", "equal units"])[-1]
    fig, ax = plt.subplots(figsize=(5.5, 3.4))
    steps = torch.arange(0, len(cosines), 12)
    for i in range(2):
        cosine = cosines[steps, i]
        # 2.13 is Student's quantile for 15 degrees of freedom
        mean, half = cosine.mean(1), 2.13 * cosine.std(1) / SEEDS**0.5
        ax.plot(steps, mean, color=f"C{i}", ls=("--", "-")[i])
        ax.fill_between(steps, mean - half, mean + half, color=f"C{i}", alpha=0.2, lw=0)
    ax.annotate("sum: B rules, A is ignored", (290, 0.15), ha="right", color="C0")
    ax.annotate("equal units", (290, -0.85), ha="right", color="C1")
    ax.set(xlabel="step", ylabel="cosine of the two gradients", ylim=(-1.05, 0.4))
    ax.set_title("At a balanced solution the gradients oppose each other")
    return fig
