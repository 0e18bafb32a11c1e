"""Eight schedulers that only ever go one way, by stepping an optimizer."""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch.optim import lr_scheduler as ls

from snippets.training.schedules.lr_trace import lr_trace

STEPS = 60
SHOWN = {
    "StepLR(20)": lambda o: ls.StepLR(o, 20),
    "MultiStepLR([10, 40], 0.3)": lambda o: ls.MultiStepLR(o, [10, 40], 0.3),
    "ExponentialLR(0.95)": lambda o: ls.ExponentialLR(o, 0.95),
    "PolynomialLR(50, power=2)": lambda o: ls.PolynomialLR(o, 50, power=2),
    "ConstantLR(total_iters=20)": lambda o: ls.ConstantLR(o, total_iters=20),
    "LinearLR(total_iters=20)": lambda o: ls.LinearLR(o, total_iters=20),
    "LambdaLR\n1 / (1 + k / 10)": lambda o: ls.LambdaLR(o, lambda k: 1 / (1 + k / 10)),
    "MultiplicativeLR\n0.9 while k < 20": lambda o: ls.MultiplicativeLR(
        o, lambda k: 0.9 if k < 20 else 1.0
    ),
}


def figure() -> Figure:
    """Draw the learning rate of 60 steps under each."""
    fig, axes = plt.subplots(4, 2, sharex=True, sharey=True, figsize=(5.5, 6.2))
    for ax, (name, build) in zip(axes.flat, SHOWN.items(), strict=True):
        ax.step(range(STEPS), lr_trace(build, STEPS), where="post", color="C0")
        ax.set_title(name, fontsize=9, fontweight="normal")
    axes[0, 0].set(ylim=(-0.005, 0.108), yticks=(0, 0.05, 0.1), xticks=(0, 20, 40, 60))
    fig.supylabel("learning rate (the optimizer has 0.1)", fontsize=9)
    fig.supxlabel("k, the calls of scheduler.step() so far", fontsize=9)
    fig.suptitle("Six decay, two warm up", fontsize=10, fontweight="bold")
    return fig
