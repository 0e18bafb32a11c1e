"""Rare points in two clouds, whose densities are known, and how a network is judged."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

FEATURES, CENTRE, SPREAD = 5, 3.0, 0.8
RARE, TEST = 600, 30_000  # of the test data


def figure() -> Figure:
    """Draw two of the five features at 1:100."""
    x = _clouds(6, 600, seed=0)
    fig, ax = plt.subplots(figsize=(5.5, 4))
    ax.scatter(*x[6:, :2].T, s=6, color="C0", alpha=0.4, lw=0, label="600 common")
    ax.scatter(*x[:6, :2].T, s=24, color="C1", marker="^", label="6 rare")
    ax.set(xlabel="first feature", ylabel="second feature", aspect="equal")
    ax.legend(loc="lower right")
    ax.set_title("The rare ones lie in two clouds at the rim")
    return fig


def _clouds(rare: int, common: int, seed: int) -> Tensor:
    """Rare points in two clouds, then common ones around 0, `(N, FEATURES)`."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(rare + common, FEATURES, generator=generator)
    x[:rare] *= SPREAD
    x[: rare // 2, 0] += CENTRE
    x[rare // 2 : rare, 1] += CENTRE
    return x


def _log_ratio(x: Tensor) -> Tensor:
    """Log of the density of rare points over that of common ones, at `x`."""
    shifts = (x - CENTRE * axis for axis in torch.eye(FEATURES)[:2])
    clouds = torch.stack([-s.square().sum(-1) / (2 * SPREAD**2) for s in shifts])
    rare = clouds.logsumexp(0) - math.log(2) - FEATURES * math.log(SPREAD)
    return rare + x.square().sum(-1) / 2


def _precision(z: Tensor, rare: int, ratio: float) -> Tensor:
    """Average precision of scores `(..., N)`, the first `rare` of positives.

    Negatives count as if there were `ratio` for each positive.
    """
    hit = (z.argsort(-1, descending=True) < rare).float()
    true, false = hit.cumsum(-1), (1 - hit).cumsum(-1)
    false = false * (ratio * rare / (z.shape[-1] - rare))
    precision = (true / (true + false) * hit).sum(-1) / rare
    return precision.where(z.isfinite().all(-1), -torch.inf)


def _threshold(z: Tensor, rare: int) -> Tensor:
    """Where balanced accuracy is highest: halfway between two scores of `(N,)`."""
    z, order = z.sort()
    hit = order < rare
    gain = (~hit).cumsum(0) / (len(z) - rare) - hit.cumsum(0) / rare
    best = gain[:-1].argmax()
    return (z[best] + z[best + 1]) / 2


def _judge(
    z: Tensor, valid: Tensor, rare: int, ratio: int, undo: float
) -> list[Tensor]:
    """What a network's logits are worth, on test data; `undo` is their known shift."""
    cut = _threshold(valid, rare)
    scores = [_precision(z, RARE, ratio)]
    for t in (0, cut):
        scores.append(
            ((z[:RARE] > t).float().mean() + (z[RARE:] <= t).float().mean()) / 2
        )
    for shifted in (z, z - undo):
        loss = (
            F.softplus(-shifted[:RARE]).mean()
            + ratio * F.softplus(shifted[RARE:]).mean()
        )
        scores.append(loss / (1 + ratio))
    return scores
