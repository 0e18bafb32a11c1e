"""Training losses of SGD at six learning rates: slow, good, noisy, stalled, lost."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.optim import SGD

from snippets.training.learning_rate.many_runs import many_runs

STEPS, SEEDS, RATES = 200, 8, (0.01, 0.1, 1.0, 6.0, 10.0, 20.0)


def _losses() -> tuple[torch.Tensor, torch.Tensor]:
    """Losses of the batches `(steps, seeds, rates)`; validation loss."""
    runs = many_runs(SGD, torch.tensor(RATES).expand(STEPS, -1), SEEDS)
    return runs.train, runs.loss


def figure() -> Figure:
    """Draw one seed thin, and the middle of all as a line, on a log axis."""
    fig, ax = plt.subplots(figsize=(5.5, 4.2))
    losses, _ = _losses()
    middle = losses.median(1).values
    for i, rate in enumerate(RATES):
        line = middle[:, i].clone()
        line[~line.isfinite() | (line > 3e3)] = torch.nan
        smooth = line.unfold(0, 9, 1).nanmedian(1).values
        if rate == 20:
            smooth = line[4:-4] * torch.nan
            ax.plot(range(9), middle[:9, i].clamp(max=3e3), color=f"C{i}")
        ax.plot(range(4, STEPS - 4), smooth, color=f"C{i}")
        if rate < 20:
            ax.plot(losses[:, 0, i], color=f"C{i}", lw=0.5, alpha=0.4)
    for x, y, i, text in (
        (203, 2.0, 0, "0.01"),
        (203, 0.5, 1, "0.1"),
        (203, 0.18, 2, "1"),
        (203, 1.35, 3, "6"),
        (203, 3.0, 4, "10"),
        (7, 300, 5, "20"),
    ):
        ax.text(x, y, text, color=f"C{i}", va="center")
    ax.axhline(2.303, color="C5", lw=1, ls=":")
    ax.text(100, 3.1, "ln 10: chance", ha="center", color="C5")
    ax.set(yscale="log", ylim=(0.1, 500), xlim=(0, 218))
    ax.set(xlabel="step", ylabel="training loss")
    ax.set_title("A rate too high need not explode: 10 stalls at chance")
    return fig
