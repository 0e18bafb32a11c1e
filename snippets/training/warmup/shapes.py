"""Six schedules on one axis, by stepping an optimizer."""

from functools import partial

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch.optim.lr_scheduler import LambdaLR, OneCycleLR

from snippets.training.schedules.lr_trace import lr_trace
from snippets.training.warmup.inverse_sqrt import inverse_sqrt
from snippets.training.warmup.warmup_cosine import warmup_cosine
from snippets.training.warmup.warmup_decay import warmup_decay

WARMUP, TOTAL = 10, 100


def _traces() -> dict[str, list[float]]:
    family = partial(warmup_decay, warmup=WARMUP, total=TOTAL)
    wsd = partial(family, decay=30, shape="sqrt")
    peak = inverse_sqrt(WARMUP - 1, 1, WARMUP)
    builds = {
        "cosine to 0.1": lambda o: warmup_cosine(o, WARMUP, TOTAL, floor=0.1),
        "linear": lambda o: LambdaLR(o, family),
        "WSD, 1 - sqrt": lambda o: LambdaLR(o, wsd),
        "inverse\nsquare root": lambda o: LambdaLR(
            o, lambda k: inverse_sqrt(k, 1, WARMUP) / peak
        ),
        "one-cycle": lambda o: OneCycleLR(o, 1.0, total_steps=TOTAL),
    }
    return {name: lr_trace(build, TOTAL, lr=1.0) for name, build in builds.items()}


PLACES = (45, 0.79), (34, 0.6), (63, 1.04), (82, 0.38), (20, 1.04)


def figure() -> Figure:
    """Draw the learning rate as a fraction of its peak."""
    fig, ax = plt.subplots(figsize=(5.5, 3.6))
    for i, ((name, rates), place) in enumerate(
        zip(_traces().items(), PLACES, strict=True)
    ):
        ax.plot(range(1, TOTAL + 1), rates, color=f"C{i}")
        ax.annotate(name, place, color=f"C{i}")
    ax.set(xlabel="step, counted from 1", ylabel="learning rate / peak")
    ax.set(ylim=(0, 1.13), xlim=(0, 101))
    ax.set_title("No step at 0, none past the end")
    return fig
