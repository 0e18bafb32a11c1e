"""A run of 200 steps under cosines of six lengths: rates and loss."""

import functools

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.sgd.sgd_or_adam import HIDDEN, TRAIN, _digits
from snippets.training.warmup.warmup_cosine import warmup_cosine

TOTALS = (25, 50, 100, 200, 400, 1000)
WARMUP, STEPS, EVERY, RUNS, PEAK = 10, 200, 10, 8, 0.05


@functools.cache
def _train() -> tuple[Tensor, Tensor]:
    """Rates by length and step; test losses by length, run and every tenth step."""
    x, y = _digits()
    generator = torch.Generator().manual_seed(0)
    shapes = (16, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
    first = [
        torch.rand(RUNS, *s, generator=generator).mul(2).sub(1) / 4 for s in shapes
    ]
    weights = [[p.clone().requires_grad_() for p in first] for _ in TOTALS]
    optimizers = [torch.optim.Adam(w, lr=PEAK) for w in weights]
    schedulers = [
        warmup_cosine(optimizer, WARMUP, total)
        for optimizer, total in zip(optimizers, TOTALS, strict=True)
    ]

    def losses(x: Tensor, y: Tensor) -> Tensor:  # (runs, N, 16) to (lengths, runs)
        w, b, v, c = (torch.stack(same) for same in zip(*weights, strict=True))
        z = (x @ w + b).relu() @ v + c
        y = y.expand(len(TOTALS), RUNS, -1)
        return F.cross_entropy(z.movedim(3, 1), y, reduction="none").mean(2)

    rates, tested = [], []
    for step in range(STEPS + 1):
        if step % EVERY == 0:
            with torch.no_grad():
                tested.append(losses(x[TRAIN:], y[TRAIN:]))
        rows = torch.randint(TRAIN, (RUNS, 16), generator=generator)
        rates.append(torch.tensor([s.get_last_lr()[0] for s in schedulers]))
        losses(x[rows], y[rows]).sum().backward()
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            optimizer.zero_grad()
            scheduler.step()
    return torch.stack(rates[:-1], 1), torch.stack(tested, 2)


def figure() -> Figure:
    """Draw rate and loss, those of a length as one step."""
    rates, tested = _train()
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.6))
    for i, total in enumerate(TOTALS):
        look = {"color": f"C{i}", "gid": f"step {total}"}
        few = [0, WARMUP, *range(20, STEPS, 8), STEPS - 1]
        top.plot([t + 1 for t in few], rates[i, few], **look)
        mean, half = tested[i].mean(0), 2.36 * tested[i].std(0) / RUNS**0.5  # 95 %
        at = range(0, STEPS + 1, EVERY)
        bottom.plot(at, mean, label=f"{total}: {mean[-1]:.2f}", **look)
        bottom.fill_between(at, mean - half, mean + half, alpha=0.15, lw=0, **look)
    top.set(ylabel="learning rate")
    top.set_title("A run of 200 steps under cosines of other lengths")
    bottom.set(ylabel="test loss", xlabel="step", ylim=(0.3, 1.8))
    legend = bottom.legend(ncols=2, title="length: loss after step 200")
    for total, line, text in zip(
        TOTALS, legend.get_lines(), legend.get_texts(), strict=True
    ):
        line.set_gid(f"step {total}")
        text.set_gid(f"step {total}")
    bottom.set_title("Shorter stops early, longer does not settle")
    return fig
