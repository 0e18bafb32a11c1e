"""Warm-up and cosine in sequence, and two ways to get it wrong."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.optim import lr_scheduler as ls

from snippets.training.schedules.lr_trace import lr_trace

WARMUP, TOTAL = 15, 60


def _sequence(t_max: int) -> list[float]:
    def build(o):
        parts = ls.LinearLR(o, 0.1, total_iters=WARMUP), ls.CosineAnnealingLR(o, t_max)
        return ls.SequentialLR(o, list(parts), [WARMUP])

    return lr_trace(build, TOTAL)


def _both_stepped() -> list[float]:
    def build(o):
        parts = ls.LinearLR(o, 0.1, total_iters=WARMUP), ls.CosineAnnealingLR(o, TOTAL)
        return ls.ChainedScheduler(list(parts))

    return lr_trace(build, TOTAL)


def _one_optimizer_for_all() -> list[float]:
    """As the script did that drew torch's pictures: reset lr, build again."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1)
    warmup = ls.LinearLR(optimizer, 0.1, total_iters=WARMUP)
    cosine = ls.CosineAnnealingLR(optimizer, TOTAL - WARMUP)
    optimizer.param_groups[0]["lr"] = 0.1
    ls.OneCycleLR(optimizer, 0.05, total_steps=TOTAL)  # another scheduler's turn
    optimizer.param_groups[0]["lr"] = 0.1
    scheduler = ls.SequentialLR(optimizer, [warmup, cosine], [WARMUP])
    rates = []
    for _ in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def figure() -> Figure:
    """Draw four traces of the same intention."""
    fig, ax = plt.subplots(figsize=(5.5, 3.6))
    steps = range(TOTAL)
    ax.plot(steps, _sequence(TOTAL - WARMUP), label="SequentialLR, T_max = 45")
    ax.plot(steps, _sequence(TOTAL), label="SequentialLR, T_max = 60")
    ax.plot(steps, _both_stepped(), label="both stepped, T_max = 60")
    ax.plot(steps, _one_optimizer_for_all(), label="on a used optimizer")
    ax.set(xlabel="k, the calls of scheduler.step() so far", ylabel="learning rate")
    ax.set(ylim=(-0.003, 0.145), yticks=(0, 0.05, 0.1))
    ax.legend(ncol=2, loc="upper center", fontsize=9)
    ax.set_title("Only one of four warms up to 0.1 and ends at 0")
    return fig
