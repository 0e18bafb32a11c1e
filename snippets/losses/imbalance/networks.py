"""A small network at 1:100: the start of the output bias against the loss."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.imbalance.focal_loss import focal_loss
from snippets.losses.imbalance.remedies import _average_precision, _data

RATIO, RARE, SEEDS, HIDDEN, BATCH = 100, 60, 8, 16, 200
STEPS = (10, 20, 40, 70, 100, 150, 200)
PLAIN, WEIGHTS, FOCAL, PRIOR, DRAWN = range(5)
NAMES = "bias 0", "bias 0, weights", "bias 0, focal", "bias log prior", "oversampling"


def _batch(x: Tensor, y: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    shape = len(x), BATCH
    rare = torch.randint(RARE, shape, generator=generator)
    common = torch.randint(RARE, x.shape[1], shape, generator=generator)
    natural = torch.randint(x.shape[1], shape, generator=generator)
    coin = torch.rand(shape, generator=generator) < 0.5
    row = torch.arange(len(x))[:, None]
    index = [natural] * 4 + [torch.where(coin, rare, common)]
    return (torch.stack([v[row, i] for i in index]) for v in (x, y))


def _paths() -> Tensor:
    """Average precision while training, by method, network and step."""
    x, y = _data(RARE, RARE * RATIO, SEEDS, seed=0)
    test, truth = _data(800, 8000, 1, seed=2)
    generator = torch.Generator().manual_seed(0)
    first = torch.rand(1, SEEDS, 6, HIDDEN, generator=generator) * 2 - 1
    last = torch.rand(1, SEEDS, HIDDEN, 1, generator=generator) * 2 - 1
    bias = torch.zeros(5, SEEDS, 1, 1)
    bias[PRIOR] = -math.log(RATIO)
    layers = [first / 6**0.5, last / HIDDEN**0.5, bias]
    layers = [p.expand(5, *p.shape[1:]).clone().requires_grad_() for p in layers]
    optimizer = torch.optim.Adam(layers, lr=0.01)

    def network(x: Tensor) -> Tensor:
        return ((x @ layers[0]).relu() @ layers[1] + layers[2]).squeeze(-1)

    found = []
    for step in range(1, STEPS[-1] + 1):
        inputs, target = _batch(x, y, generator)
        z = network(inputs)
        loss = F.binary_cross_entropy_with_logits(z, target, reduction="none")
        weight = 1 + (RATIO - 1) * target[WEIGHTS]
        focal = focal_loss(z[FOCAL], target[FOCAL], reduction="none")
        total = loss[[PLAIN, PRIOR, DRAWN]].mean(-1).sum()
        total = total + (weight * loss[WEIGHTS]).mean(-1).sum() + focal.mean(-1).sum()
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        if step in STEPS:
            with torch.no_grad():
                scores = network(test).flatten(0, 1)
            found.append(_average_precision(scores, truth, RATIO).view(5, SEEDS))
    return torch.stack(found, dim=-1)


def figure() -> Figure:
    """Draw average precision against the step."""
    fig, ax = plt.subplots(figsize=(5.5, 4))
    for i, (name, path) in enumerate(zip(NAMES, _paths(), strict=True)):
        mean, half = path.mean(0), 2.36 * path.std(0) / SEEDS**0.5  # 95 %
        ax.plot(STEPS, mean, color=f"C{i}", label=name)
        ax.fill_between(STEPS, mean - half, mean + half, alpha=0.2, lw=0)
    ax.legend(loc="upper left", ncol=2)
    ax.set(xlabel="step of Adam, batch 200", ylabel="average precision at 1:100")
    ax.set(ylim=(0, 0.54))
    ax.set_title("The start of the output bias decides")
    return fig
