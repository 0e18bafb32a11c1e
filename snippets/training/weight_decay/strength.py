"""Loss against the weight decay of AdamW, in a short and in a long run."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.optimizers.adam.digits_runs import digits_runs

DECAYS = torch.tensor([1e-4, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0])
LR, SEEDS, LENGTHS = 0.03, 6, (60, 480)


def _losses(steps: int) -> Tensor:
    """Losses `(split, decay, seed)`; decay 0 comes first, split 0 is training."""
    decay = torch.cat([torch.zeros(1), DECAYS])
    rate, kind = torch.full_like(decay, LR), torch.ones_like(decay)
    return torch.stack(digits_runs("adam", rate, decay, kind, SEEDS, steps))


def figure() -> Figure:
    """Draw what decay changes in both losses, with intervals."""
    fig, axes = plt.subplots(2, figsize=(5.5, 5.6))
    for i, steps in enumerate(LENGTHS):
        loss = _losses(steps)
        change = loss[:, 1:] - loss[:, :1]
        mean, half = change.mean(-1), 2.57 * change.std(-1) / SEEDS**0.5  # 95 %
        # the learning rate falls linearly to 0, so its sum is half of lr * steps
        for ax, x, split in zip(
            axes, (DECAYS, DECAYS * LR * steps / 2), (1, 0), strict=True
        ):
            y, dy = mean[split], half[split]
            ax.plot(x, y, marker="o", color=f"C{i}", label=f"{steps} steps")
            ax.fill_between(x, y - dy, y + dy, color=f"C{i}", alpha=0.2, lw=0)
            ax.set(xscale="log")
    top, bottom = axes
    top.axhline(0, color="C5", lw=1)
    top.set(xlabel="weight_decay", ylabel="change, validation loss", ylim=(-0.8, 0.8))
    top.set_title("It helps the run that overfits")
    top.legend(loc="upper left")
    bottom.set(yscale="log", xlim=(5e-3, 25), ylim=(3e-4, 2))
    bottom.set(xlabel="weight_decay x sum of lr", ylabel="change, training loss")
    bottom.set_title("Its pull goes with the product, not with the value")
    return fig
