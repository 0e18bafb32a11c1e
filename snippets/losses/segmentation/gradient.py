"""How hard cross-entropy and Dice pull on the foreground, by its size."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F

from snippets.losses.segmentation.dice_loss import dice_loss

PIXELS = 256 * 256


def _pull(loss, size: int, background: float) -> float:
    """Sum the gradient over the foreground logits, which are 0.

    Examples:
        >>> for loss in (F.binary_cross_entropy_with_logits, dice_loss):
        ...     for z in (0.0, -9.0):
        ...         print(*(f"{_pull(loss, n, z):.4f}" for n in (16, 256, 4096)))
        0.0001 0.0020 0.0312
        0.0001 0.0020 0.0312
        0.0002 0.0039 0.0525
        0.1797 0.2192 0.2220
    """
    target = torch.zeros(1, PIXELS)
    target[:, :size] = 1
    logits = torch.where(target > 0, 0.0, background).requires_grad_()
    (slope,) = torch.autograd.grad(loss(logits, target), logits)
    return slope[:, :size].abs().sum().item()


def figure() -> Figure:
    """Draw the pull on an undecided object against the pixels that it has."""
    sizes = [4**k for k in range(1, 8)]
    fig, ax = plt.subplots()
    curves = {
        "Dice, background learned (p = 0.0001)": (dice_loss, -9.0),
        "Dice, at the start (p = 0.5)": (dice_loss, 0.0),
        "cross-entropy, always": (F.binary_cross_entropy_with_logits, 0.0),
    }
    for i, (name, (loss, background)) in enumerate(curves.items()):
        pull = [_pull(loss, n, background) for n in sizes]
        ax.loglog(sizes, pull)
        place = [(5, 0.35), (5, 3e-3), (200, 1.5e-4)][i]
        ax.annotate(name, place, color=f"C{i}")
    ax.set(ylim=(1e-5, 1), xlabel="foreground pixels, of 65 536")
    ax.set_ylabel("pull on the foreground")
    ax.set_title("Dice forgets the size once the background is learned")
    return fig
