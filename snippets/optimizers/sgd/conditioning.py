"""Loss against the step at condition number 100, each setting at its best rate."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

CURVATURE = torch.logspace(-2, 0, 20, dtype=torch.float64)
SETTINGS = (0.0, False), (0.67, False), (0.9, False), (0.9, True), (0.99, False)
NAMES = "no momentum", "0.67", "0.9", "0.9, Nesterov", "0.99"
RATES = [10 ** (k / 6) for k in range(-12, 4)]  # 0.01 to 3.2
STEPS = 300


def _paths() -> tuple[Tensor, list[float]]:
    """Relative loss by setting and step at the rate that ends lowest, and the rates."""
    weights, groups = [], []
    for momentum, nesterov in SETTINGS:
        for lr in RATES:
            weights.append(nn.Parameter(torch.ones(20, dtype=torch.float64)))
            options = {"lr": lr, "momentum": momentum, "nesterov": nesterov}
            groups.append({"params": weights[-1:], **options})
    optimizer = torch.optim.SGD(groups)
    losses = []
    for _ in range(STEPS + 1):
        now = torch.stack([w.detach() for w in weights])
        losses.append((CURVATURE * now**2).sum(1) / CURVATURE.sum())
        for w, slope in zip(weights, CURVATURE * now, strict=True):
            w.grad = slope
        optimizer.step()
    losses = torch.stack(losses, 1).view(len(SETTINGS), len(RATES), -1)
    best = losses[..., -1].nan_to_num(torch.inf).argmin(1)
    return losses[range(len(SETTINGS)), best], [RATES[i] for i in best]


def figure() -> Figure:
    """Draw the paths."""
    fig, ax = plt.subplots()
    paths, rates = _paths()
    for i, (path, name, lr) in enumerate(zip(paths, NAMES, rates, strict=True)):
        ax.semilogy(path, color=f"C{i}", label=f"{name}, lr {lr:.2g}")
    ax.legend(loc="lower left")
    ax.set(xlabel="step", ylabel="loss, relative to the start", ylim=(1e-20, 5))
    ax.set_title("The condition number decides which momentum is best")
    return fig
