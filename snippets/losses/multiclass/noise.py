"""Accuracy under wrong labels: robust losses, early stopping, and both."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.multiclass.generalized_cross_entropy import (
    generalized_cross_entropy,
)
from snippets.losses.multiclass.poly_loss import poly_loss
from snippets.losses.multiclass.symmetric_cross_entropy import symmetric_cross_entropy

PERCENT = (0, 20, 40, 60)
SEEDS, C, D = 8, 10, 50
TRAIN, VALIDATION, TEST, STEPS = 200, 200, 400, 48
LOSSES = {
    "CE": F.cross_entropy,
    "poly-1": poly_loss,
    "symmetric": symmetric_cross_entropy,
    "q 0.7": generalized_cross_entropy,
    "q 1": lambda *a, **k: generalized_cross_entropy(*a, q=1.0, **k),
}


def _data() -> tuple[Tensor, Tensor, Tensor]:
    # inputs (SEEDS, n, D); clean labels (SEEDS, n); noisy ones (SEEDS, n, rates)
    generator = torch.Generator().manual_seed(0)
    n = TRAIN + VALIDATION + TEST
    clean = torch.randint(C, (SEEDS, n), generator=generator)
    mean = 0.6 * torch.randn(SEEDS, C, D, generator=generator)
    x = mean.gather(1, clean[..., None].expand(-1, -1, D))
    x = x + torch.randn(x.shape, generator=generator)
    other = (clean + torch.randint(1, C, clean.shape, generator=generator)) % C
    flip = torch.rand(clean.shape, generator=generator)[..., None]
    flip = flip < torch.tensor(PERCENT) / 100
    return x, clean, torch.where(flip, other[..., None], clean[..., None])


def _accuracy(loss) -> Tensor:
    """Train linear softmax models on noisy labels; accuracy on clean ones.

    The result is (2, SEEDS, rates): after the last step, and at the step that was best
    on the noisy validation labels.

    Examples:
        >>> ce, robust = (
        ...     _accuracy(LOSSES[name])[0].mean(0) for name in ("CE", "q 0.7")
        ... )
        >>> bool((robust[1:] - ce[1:] > 0.08).all()), bool(ce[0] > 0.9)
        (True, True)
    """
    x, clean, noisy = _data()
    weight = torch.zeros(SEEDS, D, len(PERCENT) * C, requires_grad=True)
    optimizer = torch.optim.Adam([weight], lr=0.1)
    best = stopped = torch.zeros(SEEDS, len(PERCENT))
    for step in range(1, STEPS + 1):
        logits = (x[:, :TRAIN] @ weight).view(SEEDS, TRAIN, -1, C)
        labels = noisy[:, :TRAIN].flatten()
        optimizer.zero_grad()
        loss(logits.flatten(0, 2), labels, reduction="sum").backward()
        optimizer.step()
        if step % 4 == 0:
            with torch.no_grad():
                guess = (x[:, TRAIN:] @ weight).view(SEEDS, -1, len(PERCENT), C)
            guess = guess.argmax(3)
            held_out = guess[:, :VALIDATION] == noisy[:, TRAIN : TRAIN + VALIDATION]
            right = guess[:, VALIDATION:] == clean[:, TRAIN + VALIDATION :, None]
            held_out, last = held_out.float().mean(1), right.float().mean(1)
            better = held_out > best
            best = torch.where(better, held_out, best)
            stopped = torch.where(better, last, stopped)
    return torch.stack([last, stopped])


def figure() -> Figure:
    """Draw test accuracy against the share of wrong training labels."""
    fig, ax = plt.subplots(figsize=(5.5, 4.2))
    for name in ("CE", "q 0.7"):
        for label, accuracy in zip(
            (name, f"{name}, stopped early"), 100 * _accuracy(LOSSES[name]), strict=True
        ):
            # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
            mean, half = accuracy.mean(0), 2.36 * accuracy.std(0) / SEEDS**0.5
            ax.plot(PERCENT, mean, label=label)
            ax.fill_between(PERCENT, mean - half, mean + half, alpha=0.2, lw=0)
    ax.set(ylim=(0, 100), ylabel="accuracy on clean labels (%)")
    ax.set_xlabel("wrong labels in training and validation (%)")
    ax.legend(loc="lower left")
    ax.set_title("A robust loss helps, early stopping helps, both help most")
    return fig
