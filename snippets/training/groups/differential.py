"""Fine-tuning with the body's rate at 1, 0.1 and 0 times the head's."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F
from torch.optim import Adam

HIDDEN, RUNS, SAMPLES, BATCH = 24, 12, 50, 16
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
RATIOS = (1.0, 0.1, 0.0)
NAMES = ("body at the head's rate", "body at a tenth", "body frozen")
Weights = list[Tensor]


def _logits(weights: Weights, x: Tensor) -> Tensor:
    w1, b1, w2, b2, w3, b3 = weights
    return ((x @ w1 + b1).relu() @ w2 + b2).relu() @ w3 + b3


def _losses(weights: Weights, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(_logits(weights, x).mT, y, reduction="none").mean(1)


def _train(pretraining: int = 60, steps: int = 50) -> tuple[Tensor, Tensor]:
    """Accuracy on digits 5 to 9, and on 0 to 4 with the old head.

    Both `(ratios, rates, runs)`. Pre-trained on 0 to 4, then 50 samples of 5 to 9
    with a new head and linear decay. Runs are paired: the same weights and
    batches for each ratio and rate.
    """
    g = torch.Generator().manual_seed(0)
    images, digits = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32) / 16 - 0.3
    y = torch.tensor(digits)
    old, new = (y < 5).nonzero()[:, 0], (y >= 5).nonzero()[:, 0]
    old, old_test = old[torch.randperm(len(old), generator=g)].split([600, 301])
    y = y % 5

    def start(*shape: int) -> Tensor:
        gain = (2 / shape[0]) ** 0.5 if shape[0] > 1 else 0.0
        return torch.randn(RUNS, *shape, generator=g) * gain

    def head() -> Weights:
        return [start(HIDDEN, 5), start(1, 5)]

    body = [
        start(64, HIDDEN),
        start(1, HIDDEN),
        start(HIDDEN, HIDDEN),
        start(1, HIDDEN),
    ]
    weights = [w.requires_grad_() for w in body + head()]
    optimizer = Adam(weights, lr=0.01)
    for _ in range(pretraining):
        rows = old[torch.randint(len(old), (RUNS, 32), generator=g)]
        optimizer.zero_grad()
        _losses(weights, x[rows], y[rows]).sum().backward()
        optimizer.step()

    rows = torch.stack(
        [new[torch.randperm(len(new), generator=g)] for _ in range(RUNS)]
    )
    train, test = rows[:, :SAMPLES], rows[:, SAMPLES : SAMPLES + 300]
    trials = [(ratio, lr) for ratio in RATIOS for lr in RATES]
    first = [w.detach() for w in weights[:4]] + head()
    copies = [[w.clone().requires_grad_() for w in first] for _ in trials]
    groups = [
        {"params": part, "peak": peak}
        for c, (ratio, lr) in zip(copies, trials, strict=True)
        for part, peak in ((c[:4], ratio * lr), (c[4:], lr))
    ]
    optimizer = Adam(groups, lr=0.0)

    for step in range(steps):
        rows = torch.randint(SAMPLES, (RUNS, BATCH), generator=g)
        rows = train.gather(1, rows).repeat(len(trials), 1)
        for group in optimizer.param_groups:
            group["lr"] = group["peak"] * (1 - step / steps)
        optimizer.zero_grad()
        stacked = [torch.cat(same) for same in zip(*copies, strict=True)]
        _losses(stacked, x[rows], y[rows]).sum().backward()
        optimizer.step()
    with torch.no_grad():
        tuned = [torch.cat(same) for same in zip(*copies, strict=True)]
        rows = test.repeat(len(trials), 1)
        now = (_logits(tuned, x[rows]).argmax(2) == y[rows]).float().mean(1)
        tuned[4:] = [w.detach().repeat(len(trials), 1, 1) for w in weights[4:]]
        before = (_logits(tuned, x[old_test]).argmax(2) == y[old_test]).float().mean(1)
    shape = len(RATIOS), len(RATES), RUNS
    return now.view(shape), before.view(shape)


def figure() -> Figure:
    """Draw both accuracies against the head's rate, with 95 % intervals."""
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 5.6))
    for ax, result, name in zip(axes, _train(), ("new", "old"), strict=True):
        for i, ratio in enumerate(100 * result):
            mean, half = ratio.mean(1), 2.2 * ratio.std(1) / RUNS**0.5
            ax.errorbar(RATES, mean, half, fmt="o-", color=f"C{i}", capsize=3)
        ax.set(xscale="log", ylim=(0, 103), ylabel=f"accuracy, {name} digits, %")
    for i, at in enumerate(((0.0032, 92), (0.085, 90), (0.012, 14))):
        axes[0].text(*at, NAMES[i], color=f"C{i}")
    axes[1].set_xlabel("peak learning rate of the head (Adam)")
    axes[0].set_title("A slow body learns less and forgets less")
    return fig
