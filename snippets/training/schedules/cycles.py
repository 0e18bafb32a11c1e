"""Six schedulers that turn, or answer a metric, by stepping an optimizer."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch.optim import lr_scheduler as ls
from torch.optim.swa_utils import SWALR

from snippets.training.schedules.lr_trace import lr_trace

STEPS = 60
LOSS = [max(0.25, 1 - k / 20) for k in range(STEPS)]
SHOWN = {
    "CosineAnnealingLR(T_max=30)": lambda o: ls.CosineAnnealingLR(o, 30),
    "CosineAnnealing\nWarmRestarts(8, 2)": (
        lambda o: ls.CosineAnnealingWarmRestarts(o, 8, 2)
    ),
    "CyclicLR(0.01, 0.1, 8,\ntriangular2)": (
        lambda o: ls.CyclicLR(o, 0.01, 0.1, 8, mode="triangular2")
    ),
    "OneCycleLR(0.1, 60)\ndashed: three_phase": (
        lambda o: ls.OneCycleLR(o, 0.1, total_steps=STEPS)
    ),
    "SWALR(0.05)": lambda o: SWALR(o, 0.05),
    "ReduceLROnPlateau\ndotted: metric": lambda o: ls.ReduceLROnPlateau(o, factor=0.5),
}


def figure() -> Figure:
    """Draw the learning rate of 60 steps under each."""
    fig, axes = plt.subplots(3, 2, sharex=True, sharey=True, figsize=(5.5, 5.6))
    for ax, (name, build) in zip(axes.flat, SHOWN.items(), strict=True):
        metrics = LOSS if "Plateau" in name else None
        rates = lr_trace(build, STEPS, metrics=metrics)
        ax.step(range(STEPS), rates, where="post", color="C0")
        ax.set_title(name, fontsize=9, fontweight="normal")
    three = lr_trace(
        lambda o: ls.OneCycleLR(o, 0.1, total_steps=STEPS, three_phase=True), STEPS
    )
    axes[1, 1].step(range(STEPS), three, where="post", color="C1", ls="--")
    axes[2, 1].plot(range(STEPS), [0.1 * v for v in LOSS], color="C5", ls=":")
    axes[0, 0].set(ylim=(-0.005, 0.108), yticks=(0, 0.05, 0.1), xticks=(0, 20, 40, 60))
    fig.supylabel("learning rate (the optimizer has 0.1)", fontsize=9)
    fig.supxlabel("k, the calls of scheduler.step() so far", fontsize=9)
    fig.suptitle("Cosine comes back up; one-cycle does not", fontsize=10, weight="bold")
    return fig
