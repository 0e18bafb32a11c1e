"""A constant learning rate with averaging against a decayed one."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.training.reproducibility.stacked_mlp import StackedMLP

RATES, SEEDS, BATCH, STEPS, TRAIN = (0.01, 0.02, 0.04, 0.08, 0.16), 8, 16, 500, 1000


def _digits() -> tuple[Tensor, Tensor]:
    images, labels = load_digits(return_X_y=True)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return torch.tensor(images / 16).float()[order], torch.tensor(labels)[order]


def _losses(decayed: bool) -> dict[str, Tensor]:
    """Held-out NLL, `(rates, seeds)`, of the last weights and of their averages."""
    x, y = _digits()
    chance = torch.Generator().manual_seed(0)
    start = StackedMLP((64, 32, 10), SEEDS, generator=chance)
    model = StackedMLP((64, 32, 10), SEEDS * len(RATES))
    parameters = list(model.parameters())
    with torch.no_grad():  # every rate begins with the same networks
        for p, q in zip(parameters, start.parameters(), strict=True):
            p.copy_(q.repeat(len(RATES), 1, 1))
    rate = torch.tensor(RATES).repeat_interleave(SEEDS)[:, None, None]
    momentum = [torch.zeros_like(p) for p in parameters]
    averages = {
        name: [p.detach().clone() for p in parameters] for name in ("EMA", "SWA")
    }
    for t in range(STEPS):
        index = torch.randint(TRAIN, (SEEDS, BATCH), generator=chance)
        index = index.repeat(len(RATES), 1)
        loss = len(index) * F.cross_entropy(model(x[index]).mT, y[index])
        slopes = torch.autograd.grad(loss, parameters)
        eta = rate * (1 - t / STEPS) if decayed else rate
        weights = {"EMA": 1 - min(0.98, (1 + t) / (10 + t))}
        weights["SWA"] = 1 / max(1, t + 1 - 3 * STEPS // 4)  # mean of the last quarter
        with torch.no_grad():
            for i, (p, m, g) in enumerate(
                zip(parameters, momentum, slopes, strict=True)
            ):
                p -= eta * m.mul_(0.9).add_(g)
                for name, average in averages.items():
                    average[i].lerp_(p, weights[name])
    found = {}
    with torch.no_grad():
        for name, values in {"last": [*parameters], **averages}.items():
            for p, value in zip(parameters, [v.clone() for v in values], strict=True):
                p.copy_(value)
            z, target = model(x[TRAIN:]), y[TRAIN:].expand(len(rate), -1)
            nll = F.cross_entropy(z.mT, target, reduction="none").mean(1)
            found[name] = nll.view(len(RATES), SEEDS)
    return found


def figure() -> Figure:
    """Draw the held-out loss against the learning rate."""
    constant, decayed = _losses(False), _losses(True)
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for colour, name, nll in (
        ("C1", "constant, last weights", constant["last"]),
        ("C0", "constant, EMA 0.98", constant["EMA"]),
        ("C3", "constant, SWA", constant["SWA"]),
        ("C2", "decayed, last weights", decayed["last"]),
        ("C5", "decayed, EMA 0.98", decayed["EMA"]),
    ):
        mean, half = nll.mean(1), 2.36 * nll.std(1) / SEEDS**0.5  # 95 %
        ax.plot(RATES, mean, color=colour, label=name)
        ax.fill_between(RATES, mean - half, mean + half, color=colour, alpha=0.15, lw=0)
    ax.set(xscale="log", xlabel="learning rate of SGD, momentum 0.9")
    ax.set(ylabel="held-out NLL (nats)", ylim=(0.09, 0.35))
    ax.set_xticks(RATES, [f"{r:g}" for r in RATES])
    ax.minorticks_off()
    ax.legend()
    ax.set_title("Averaging does the work of the decay")
    return fig
