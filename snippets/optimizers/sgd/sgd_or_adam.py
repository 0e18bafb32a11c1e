"""SGD with momentum and Adam on small digits, tuned alike."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Adam, Optimizer

HIDDEN, TRAIN, VALIDATION = 16, 600, 600
Trial = tuple[type[Optimizer], dict]
RATES = {SGD: (0.001, 0.01, 0.03, 0.1, 0.3, 1), Adam: (0.001, 0.01, 0.03, 0.1, 0.3, 1)}
NAMES = {SGD: "SGD, momentum 0.9", Adam: "Adam"}
RUNS = 32


def _digits() -> tuple[Tensor, Tensor]:
    """Digits of 4 by 4 pixels, shuffled: standardised `(1797, 16)`, and labels."""
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
    x = F.avg_pool2d(x, 2).flatten(1)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x = (x - x.mean(0)) / (x.std(0) + 1)
    return x[order], torch.tensor(labels)[order]


def _train(
    trials: list[Trial], runs: int, steps: int, batch: int, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """Validation loss, test loss and test accuracy, each by trial and run.

    A network with one hidden layer per trial and run; the rate falls to 0 linearly.
    """
    x, y = _digits()
    generator = torch.Generator().manual_seed(seed)
    shapes = (16, HIDDEN), (1, HIDDEN), (HIDDEN, 10), (1, 10)
    first = [
        torch.rand(runs, *s, generator=generator).mul(2).sub(1) / 4 for s in shapes
    ]
    weights = [[p.clone().requires_grad_() for p in first] for _ in trials]
    optimizers = [
        kind(w, **options) for w, (kind, options) in zip(weights, trials, strict=True)
    ]

    def network(x: Tensor) -> Tensor:  # (runs, N, 16) to (runs, trials, N, 10)
        w, b = (torch.cat([p[i] for p in weights], 2) for i in (0, 1))
        hidden = (x @ w + b).relu().unflatten(2, (-1, HIDDEN)).transpose(1, 2)
        w, b = (torch.stack([p[i] for p in weights], 1) for i in (2, 3))
        return hidden @ w + b

    for step in range(steps):
        rows = torch.randint(TRAIN, (runs, batch), generator=generator)
        loss = _loss(network(x[rows]), y[rows]).mean(2).sum()
        for optimizer, (_, options) in zip(optimizers, trials, strict=True):
            optimizer.param_groups[0]["lr"] = options["lr"] * (1 - step / steps)
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
    with torch.no_grad():
        z = network(x[TRAIN:].expand(runs, -1, -1))
        loss = _loss(z, y[TRAIN:].expand(runs, -1)).transpose(0, 1)
        right = (z.argmax(3) == y[TRAIN:]).float()[:, :, VALIDATION:]
    held = loss[..., :VALIDATION], loss[..., VALIDATION:], right.transpose(0, 1)
    return tuple(v.mean(2) for v in held)


def _loss(z: Tensor, y: Tensor) -> Tensor:
    """Cross-entropy of every row."""
    y = y[:, None].expand(z.shape[:-1])
    return F.cross_entropy(z.movedim(3, 1), y, reduction="none")


def figure() -> Figure:
    """Draw test accuracy against the learning rate, with 95 % intervals."""
    fig, ax = plt.subplots()
    more = {SGD: {"momentum": 0.9}, Adam: {}}
    trials = [(k, {"lr": lr, **more[k]}) for k, rates in RATES.items() for lr in rates]
    validation, _, accuracy = _train(trials, RUNS, steps=80, batch=32)
    for i, kind in enumerate(RATES):
        here = slice(6 * i, 6 * i + 6)
        mean, half = accuracy[here].mean(1), 2.04 * accuracy[here].std(1) / RUNS**0.5
        ax.errorbar(
            RATES[kind], 100 * mean, 100 * half, fmt="o-", color=f"C{i}", capsize=3
        )
        best = validation[here].mean(1).argmin()
        ax.plot(
            RATES[kind][best], 100 * mean[best], "o", ms=12, mfc="none", color=f"C{i}"
        )
        ax.text((0.007, 0.0012)[i], (20, 38)[i], NAMES[kind], color=f"C{i}")
    ax.text(0.04, 95, "rings: lowest validation loss", color="C5")
    ax.set(
        xscale="log", xlabel="learning rate", ylabel="test accuracy, %", ylim=(0, 103)
    )
    ax.set_title("Tuned alike, SGD and Adam end level")
    return fig
