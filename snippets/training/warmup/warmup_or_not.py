"""Deep residual networks under Adam, with and without 20 steps of warm-up."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.training.warmup.warmup_decay import warmup_decay

SEEDS, STEPS, WIDTH, DEPTH, BATCH = 8, 100, 16, 6, 16
RATES, WARMUPS = (0.003, 0.01, 0.03, 0.1), (0, 20)


def _norm(x: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:])


def _network(x: Tensor, post: bool, first: Tensor, blocks: Tensor, last: Tensor):
    x = _norm(x @ first) if post else x @ first
    for w, v in blocks.unflatten(0, (DEPTH, 2)).unbind():
        branch = ((x if post else _norm(x)) @ w).relu() @ v
        x = _norm(x + branch) if post else x + branch
    return (x if post else _norm(x)) @ last


def _loss(z: Tensor, y: Tensor) -> Tensor:
    picked = y.expand(*z.shape[:-1])[..., None]
    return (z.logsumexp(-1) - z.gather(-1, picked)[..., 0]).mean(-1)


def _train(post: bool) -> Tensor:
    """Validation cross-entropy on digits: (warm-up, rate, seed)."""
    images, labels = load_digits(return_X_y=True)
    images, labels = torch.tensor(images).float() / 4.3, torch.tensor(labels)
    images -= images.mean(0)
    generator = torch.Generator().manual_seed(0)
    shape = len(WARMUPS), len(RATES), SEEDS

    def draw(*size: int) -> Tensor:
        w = torch.randn(*size[:-2], 1, 1, SEEDS, *size[-2:], generator=generator)
        w = w.expand(*size[:-2], *shape, *size[-2:]) / size[-2] ** 0.5
        return w.clone().requires_grad_()

    layers = [draw(64, WIDTH), draw(2 * DEPTH, WIDTH, WIDTH), draw(WIDTH, 10)]
    order = torch.randperm(len(labels), generator=generator)
    train, held_out = order[:1437], order[1437:]
    peak = torch.tensor(RATES).view(-1, 1, 1, 1)
    optimizer = torch.optim.Adam(layers, lr=1.0)
    for k in range(STEPS):
        batch = train[torch.randint(1437, (SEEDS, BATCH), generator=generator)]
        optimizer.zero_grad()
        z = _network(images[batch], post, *layers)
        _loss(z, labels[batch]).sum().backward()
        old = [w.detach().clone() for w in layers]
        optimizer.step()  # a rate of 1, scaled below, as for the other figure
        rate = [warmup_decay(k, warmup, STEPS) for warmup in WARMUPS]
        rate = torch.tensor(rate).view(-1, 1, 1, 1, 1) * peak
        with torch.no_grad():
            for w, before in zip(layers, old, strict=True):
                w.copy_(torch.lerp(before, w, rate))
    with torch.no_grad():
        return _loss(_network(images[held_out], post, *layers), labels[held_out])


def figure() -> Figure:
    """Draw validation loss against the peak learning rate."""
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.5, 5.4))
    for ax, post in zip(axes, (True, False), strict=True):
        for i, (warmup, runs) in enumerate(zip(WARMUPS, _train(post), strict=True)):
            mean, half = runs.mean(-1), 2.36 * runs.std(-1) / SEEDS**0.5  # 95 %
            x = [rate * 1.06 ** (2 * i - 1) for rate in RATES]
            label = f"{warmup} steps of warm-up"
            ax.errorbar(x, mean, half, marker="os"[i], color=f"C{i}", label=label)
        ax.set(xscale="log", ylim=(0, 2.5), ylabel="validation loss (nats)")
        ax.axhline(2.303, color="C5", lw=1, ls=":")
        ax.annotate("guessing", (0.003, 2.33), color="C5")
    axes[0].set_title("Norm after the sum: warm-up lets the rate rise")
    axes[1].set_title("Norm inside the branch: it makes no difference")
    axes[1].set(xlabel="peak learning rate of Adam, then linear decay")
    axes[1].set_xticks(RATES, [str(rate) for rate in RATES])
    axes[1].minorticks_off()
    axes[0].legend(loc="center left")
    return fig
