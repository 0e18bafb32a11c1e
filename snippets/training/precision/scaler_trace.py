"""The scale of a GradScaler over a run in float16."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from snippets.training.precision.mixed_precision_step import mixed_precision_step

STEPS, INTERVAL = 120, 10


def _trace() -> tuple[list[float], list[int]]:
    """The scale before each step, and the steps that were skipped."""
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images).float() / 16, torch.tensor(labels)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    scaler = torch.amp.GradScaler("cpu", growth_interval=INTERVAL)
    scales, skips = [], []
    for step in range(STEPS):
        rows = torch.arange(32) + 32 * (step % 50)

        def loss(rows=rows):
            return F.cross_entropy(model(x[rows]), y[rows])

        scales.append(scaler.get_scale())
        if mixed_precision_step(loss, optimizer, torch.float16, scaler)[2]:
            skips.append(step)
    return scales, skips


def figure() -> Figure:
    """Draw the scale, and mark skipped steps."""
    fig, ax = plt.subplots()
    with torch.random.fork_rng():
        scales, skips = _trace()
    ax.step(range(STEPS), scales, where="post", color="C0")
    ax.plot(skips, [scales[s] for s in skips], "x", color="C1", ms=8)
    ax.text(0, max(scales), "× skipped step", color="C1", va="center")
    ax.set_yscale("log", base=2)
    ax.set(xlabel="step", ylabel="scale")
    ax.set_title("Doubled until it overflows, then halved")
    return fig
