"""Weights, sampling and focal loss against plain cross-entropy, at three ratios."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.imbalance.best_threshold import best_threshold
from snippets.losses.imbalance.focal_loss import focal_loss

RATIOS = (10, 100, 1000)  # negatives for each positive
SEEDS, RARE = 8, 30  # training sets, and positives in each


def _data(rare: int, common: int, sets: int, seed: int) -> tuple[Tensor, Tensor]:
    # A line sees that feature 0 is higher, not that feature 1 is further from 0.
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(sets, rare + common, 6, generator=generator)
    x[:, :rare, 0] += 1.5
    x[:, :rare, 1] += 4 * torch.randint(2, (sets, rare), generator=generator) - 2
    x[..., 5] = 1.0
    return x, (torch.arange(rare + common) < rare).float().expand(sets, -1)


def _methods(ratio: int, y: Tensor) -> list:
    bce = F.binary_cross_entropy_with_logits
    up = 1 + (ratio - 1) * y
    drawn = torch.multinomial(up, y.shape[1], True, generator=torch.manual_seed(0))
    drawn = torch.zeros_like(y).scatter_add(1, drawn, torch.ones_like(y))
    return [
        ("plain cross-entropy", bce, torch.ones_like(y)),
        ("weights", bce, up),
        ("oversampling", bce, drawn),
        ("weights and oversampling", bce, up * drawn),
        ("focal, gamma 2", focal_loss, torch.ones_like(y)),
    ]


def _fit(loss, x: Tensor, y: Tensor, weight: Tensor) -> Tensor:
    # one linear model for each set, to its optimum by Newton's method
    beta = torch.zeros(len(x), 6, 1)
    beta[:, 5, 0] = ((weight * y).sum(1) / (weight * (1 - y)).sum(1)).log()
    for _ in range(30):
        z = (x @ beta).squeeze(2).requires_grad_()
        total = (weight * loss(z, y, reduction="none")).sum()
        (slope,) = torch.autograd.grad(total, z, create_graph=True)
        (curve,) = torch.autograd.grad(slope.sum(), z)
        slope = slope.detach()
        curve = curve.clamp(min=1e-3 * slope.abs())  # focal loss is not convex
        hessian = (x * curve[..., None]).mT @ x
        step = torch.linalg.solve(hessian, x.mT @ slope[..., None])
        beta = beta - step / step.norm(dim=1, keepdim=True).clamp(min=1)
        if step.abs().max() < 1e-3:
            break
    return beta


def _average_precision(z: Tensor, y: Tensor, ratio: int) -> Tensor:
    # at `ratio` negatives a positive, however many of each there are in y
    hit = y.expand_as(z).gather(1, z.argsort(1, descending=True))
    recall, false = hit.cumsum(1) / y.sum(), (1 - hit).cumsum(1) / (1 - y).sum()
    return (recall / (recall + ratio * false) * hit).sum(1) / y.sum()


def _balanced(tp: Tensor, fp: Tensor, fn: Tensor, tn: Tensor) -> Tensor:
    return tp / (tp + fn) + tn / (tn + fp)


def _measure(ratio: int) -> dict[str, Tensor]:
    """Average precision, balanced accuracy (0.5, tuned), NLL, by set: (4, SEEDS)."""
    train, held_out = (_data(RARE, RARE * ratio, SEEDS, seed) for seed in (0, 1))
    x, y = _data(2000, 20_000, 1, seed=2)
    result = {}
    for name, loss, weight in _methods(ratio, train[1]):
        beta = _fit(loss, *train, weight)
        z = (x @ beta).squeeze(2)
        rare, common = z[:, :2000], z[:, 2000:]
        nll = F.softplus(-rare).mean(1) + ratio * F.softplus(common).mean(1)
        rows = [_average_precision(z, y, ratio)]
        scores = (held_out[0] @ beta).squeeze(2)
        cut = [best_threshold(s, held_out[1][0], _balanced) for s in scores]
        for t in (0, torch.tensor(cut)[:, None]):
            right = (rare >= t).float().mean(1) + (common < t).float().mean(1)
            rows.append(right / 2)
        result[name] = torch.stack([*rows, nll / (1 + ratio)])
    return result


def figure() -> Figure:
    """Draw ranking, decisions and calibration of five fits against the ratio."""
    fig, axes = plt.subplots(3, sharex=True, figsize=(5.5, 7.4))
    for place, ratio in enumerate(RATIOS):
        result = _measure(ratio)
        for i, (name, (ap, half, tuned, nll)) in enumerate(result.items()):
            style = {"fmt": "osD^v"[i], "color": f"C{i}"}
            hollow = style | {"mfc": "none", "label": name if place == 0 else None}
            rows = 100 * (ap / result["plain cross-entropy"][0] - 1), tuned, half, nll
            for k, value in enumerate(rows):
                bar = 2.36 * value.std() / SEEDS**0.5  # 95 %, Student, 7 degrees
                at = place + 0.15 * (i - 2), value.mean(), bar
                axes[(0, 1, 1, 2)[k]].errorbar(*at, **(hollow if k == 1 else style))
    axes[0].set(ylabel="average precision,\nagainst plain (%)")
    axes[1].set(ylabel="balanced accuracy", ylim=(0.48, 0.85))
    axes[1].annotate("hollow: threshold tuned. Filled: 0.5", (1, 0.81), ha="center")
    axes[2].set(yscale="log", ylabel="NLL (nats)", xlabel="positives to negatives")
    axes[2].set_xticks(range(3), [f"1:{ratio}" for ratio in RATIOS])
    fig.legend(*axes[1].get_legend_handles_labels(), loc="outside lower center", ncol=2)
    axes[0].set_title("Decisions move; average precision does not rise")
    return fig
