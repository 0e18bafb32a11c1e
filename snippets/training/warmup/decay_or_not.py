"""Five schedules, each at four peak learning rates, with and without label noise."""

import math
from functools import partial

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.training.warmup.warmup_decay import warmup_decay

SEEDS, STEPS, RATES, NOISES = 12, 300, (0.003, 0.01, 0.03, 0.1), (0.0, 0.5)
FAMILY = partial(warmup_decay, warmup=0, total=STEPS)
SCHEDULES = {
    "constant": partial(FAMILY, decay=0),
    "step, 1/10 at 50 and 75 %": lambda k: 0.1 ** ((k >= 150) + (k >= 225)),
    "cosine": partial(FAMILY, shape="cosine"),
    "linear": FAMILY,
    "WSD, last 30 %": partial(FAMILY, decay=90, shape="sqrt"),
}


def _net(x: Tensor, first: Tensor, second: Tensor) -> Tensor:
    # first (seeds, 8, runs, units), second (seeds, runs, units): one product a seed
    hidden = (1.5 * x @ first.flatten(2)).tanh().unflatten(2, first.shape[2:])
    return (hidden * second[:, None]).sum(-1)


def _train(kind: type = torch.optim.Adam, **options) -> Tensor:
    """Error against the noise-free truth: (noise, schedule, rate, seed)."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(SEEDS, *shape, generator=generator)

    shape = len(NOISES), len(SCHEDULES), len(RATES)
    runs = math.prod(shape)
    truth = draw(8, 1, 8) / 8**0.5, draw(1, 8) / 8**0.5
    layers = draw(8, 1, 16) / 8**0.5, draw(1, 16) / 4
    layers = [w.repeat_interleave(runs, -2).requires_grad_() for w in layers]
    noise = torch.tensor(NOISES).view(-1, 1, 1).expand(shape).flatten()
    # Every run is a slice. The optimizer moves all with a rate of 1, and each step is
    # scaled afterwards: the steps of Adam and of SGD are proportional to the rate.
    optimizer = kind(layers, lr=1.0, **options)
    for k in range(STEPS):
        x = draw(16, 8)
        y = _net(x, *truth) + noise * draw(16, 1)
        optimizer.zero_grad()
        (_net(x, *layers) - y).square().mean(1).sum().backward()
        old = [w.detach().clone() for w in layers]
        optimizer.step()
        rate = torch.tensor([[f(k) * r for r in RATES] for f in SCHEDULES.values()])
        rate = rate.expand(shape).reshape(runs, 1)
        with torch.no_grad():
            for w, before in zip(layers, old, strict=True):
                w.copy_(torch.lerp(before, w, rate))
    x = draw(1000, 8)
    with torch.no_grad():
        error = (_net(x, *layers) - _net(x, *truth)).square().mean(1)
    return error.T.reshape(*shape, SEEDS)


def figure() -> Figure:
    """Draw the error against the peak learning rate."""
    error = _train().log10()
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 6))
    for ax, found, noise in zip(axes, error.flip(0), reversed(NOISES), strict=True):
        for i, (name, runs) in enumerate(zip(SCHEDULES, found, strict=True)):
            mean, half = runs.mean(-1), 2.2 * runs.std(-1) / SEEDS**0.5  # 95 %
            low, high = 10 ** (mean - half), 10 ** (mean + half)
            x = [rate * 1.06 ** (i - 2) for rate in RATES]
            bars = torch.stack([10**mean - low, high - 10**mean])
            ax.errorbar(x, 10**mean, bars, marker="os^vD"[i], ms=5, label=name)
        ax.set(xscale="log", yscale="log", ylabel="squared error against the truth")
        ax.set_title("Label noise: every decay beats constant" if noise else "No noise")
    axes[0].set_yticks((0.02, 0.05, 0.1, 0.2), ("0.02", "0.05", "0.1", "0.2"))
    axes[1].set_yticks((0.003, 0.01, 0.03, 0.1), ("0.003", "0.01", "0.03", "0.1"))
    axes[0].minorticks_off()
    axes[1].set(xlabel="peak learning rate of Adam")
    axes[1].set_xticks(RATES, [str(rate) for rate in RATES])
    axes[1].minorticks_off()
    fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return fig
