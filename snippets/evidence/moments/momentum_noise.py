"""Momentum of SGD from 0 to 0.99, each at its best rate, batches small and large."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, TRAIN = 14, 1200
MOMENTA = [0.0, 0.5, 0.9, 0.95, 0.99]
CASES = {  # batch size, steps, and what is searched: lr / (1 - momentum)
    "batch 4": (4, 600, [0.25, 0.5, 1.0, 2.0]),
    "batch 64": (64, 100, [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
    "batch 64, scaled": (64, 100, [1.0, 2.0, 4.0, 8.0]),
}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation and test loss of each batch size, `(momentum, rate, seed)`.

    Digits of 4 x 4 pixels; the rate falls linearly to zero.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    parts = [(_small(x), y) for x, y in digits(seeds, train=TRAIN)]
    chance = torch.Generator().manual_seed(run)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, (size, steps, space) in CASES.items():
        settings = [
            {"lr": rate * (1 - m), "momentum": m} for m in MOMENTA for rate in space
        ]
        model = Stack(lambda: mlp([16, 16, 10]), seeds, settings)
        optimizer = torch.optim.SGD(model.groups(), fused=True)
        data = _scaled(parts) if "scaled" in name else parts
        x, y = data[0]
        rows = _batches(size, steps, chance)
        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches, lambda t, n=steps: 1 - t / n)
        with torch.no_grad():
            for part, held in zip(("valid", "test"), data[1:], strict=True):
                loss = model.run(_loss, *held).round(decimals=3)
                scores[f"{name} {part}"] = loss.view(len(MOMENTA), len(space), SEEDS)
    return scores


def _small(x: Tensor) -> Tensor:
    return x.unflatten(-1, (4, 2, 4, 2)).mean((-3, -1)).flatten(-2)


def _scaled(parts: list) -> list:
    """Every pixel with mean 0 and deviation 1 in the training data, about."""
    x = parts[0][0]
    shift, scale = x.mean(1, keepdim=True), x.std(1, keepdim=True) + 1 / 16
    return [((x - shift) / scale, y) for x, y in parts]


def _batches(size: int, steps: int, chance: torch.Generator) -> Tensor:
    """Rows `(steps, seeds, size)`: every image once before any comes again."""
    rounds = -(-size * steps // TRAIN)
    order = torch.rand(SEEDS, rounds, TRAIN, generator=chance).argsort(-1)
    return order.flatten(1)[:, : size * steps].view(SEEDS, steps, size).transpose(0, 1)


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _tuned(scores: dict[str, Tensor], name: str) -> Tensor:
    """Test loss by momentum and seed, at the rate that validation prefers."""
    pairs = zip(scores[f"{name} valid"], scores[f"{name} test"], strict=True)
    return torch.stack([tuned(v, t, CASES[name][2]) for v, t in pairs])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; 0.1 nats is half of what momentum can gain here."""
    small, large, scaled = (_tuned(scores, name) for name in CASES)
    names = {"0": 0, "0.95": 3, "0.99": 4}
    small, large, scaled = (
        {name: loss[i] - loss[2] for name, i in names.items()}
        for loss in (small, large, scaled)
    )
    return [
        Finding("batch 4: momentum 0 - 0.9", interval(small["0"]), -0.1, 0.1),
        Finding("batch 4: 0.95 - 0.9", interval(small["0.95"]), -0.1, 0.2),
        Finding("batch 4: 0.99 - 0.9", interval(small["0.99"]), above=0),
        Finding("batch 64: 0 - 0.9", interval(large["0"]), above=0.05),
        Finding("batch 64: 0.99 - 0.9", interval(large["0.99"]), above=0),
        Finding("batch 64, scaled: 0 - 0.9", interval(scaled["0"]), -0.1, 0.1),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Loss at the best rate against momentum, as a difference."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    marks = {"batch 4": "o-", "batch 64": "s-", "batch 64, scaled": "^--"}
    for i, (name, mark) in enumerate(marks.items()):
        loss = _tuned(scores, name)
        ends = torch.tensor([interval(v) for v in loss - loss[2]]).T
        x = torch.arange(len(MOMENTA)) + 0.05 * (i - 1)
        error = (ends[1:] - ends[0]).abs()
        ax.errorbar(x, ends[0], error, fmt=mark, ms=4, capsize=3, label=name)
    ax.axhline(0, color="black", lw=1)
    ax.set_xticks(range(len(MOMENTA)), [f"{m:g}" for m in MOMENTA])
    ax.set_xlabel("momentum, each at its best learning rate")
    ax.set_ylabel("test loss less that of 0.9")
    ax.legend(loc="upper center")
    ax.set_title("Noise is no reason for more momentum")
    return fig
