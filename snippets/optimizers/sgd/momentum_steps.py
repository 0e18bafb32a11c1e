"""How six momenta answer a gradient that comes and goes, and move in a bowl."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

MOMENTA = (0.0, 0.5, 0.8, 0.9, 0.95, 0.99)
ON, LR = 60, 0.1


def _path(gradient, start: float, steps: int) -> Tensor:
    """Weights by momentum and step, moved by `gradient(weight, step)`."""
    weights = [nn.Parameter(torch.full((), start).double()) for _ in MOMENTA]
    groups = [
        {"params": [w], "momentum": m} for w, m in zip(weights, MOMENTA, strict=True)
    ]
    sgd = torch.optim.SGD(groups, lr=LR)
    places = [torch.stack(weights).detach()]
    for step in range(1, steps + 1):
        for w in weights:
            w.grad = gradient(w.detach(), step)
        sgd.step()
        places.append(torch.stack(weights).detach())
    return torch.stack(places, 1)


def _lengths() -> Tensor:
    """Step over lr: the gradient is 1 for 60 steps, then 0.

    Examples:
        >>> _lengths()[:, ON - 1].round(decimals=1).tolist()
        [1.0, 2.0, 5.0, 10.0, 19.1, 45.3]
    """
    path = _path(lambda w, t: (w * 0 + 1) * (t <= ON), 0.0, 2 * ON)
    return -path.diff(dim=1) / LR


def figure() -> Figure:
    """Draw both answers, those of a momentum as one step."""
    fig, (top, bottom) = plt.subplots(2, figsize=(5.5, 5.6))
    lengths = _lengths()
    swings = _path(lambda w, t: w.clone(), 1.0, 80)
    few = [0, 2, 5, 9, 14, *range(19, ON, 8), *range(ON - 1, 2 * ON, 6)]
    for i, m in enumerate(MOMENTA):
        look = {"color": f"C{i}", "gid": f"step {m:g}"}
        seen = [t for t in few if lengths[i, t] > 0.1]
        top.plot([t + 1 for t in seen], lengths[i, seen], **look)
        peak = lengths[i, ON - 1].item()
        top.text(ON, peak, f"{m:g}: {peak:.0f} lr", ha="right", va="bottom", **look)
        bottom.plot(swings[i], **look)
    top.set(yscale="log", ylabel="step / lr", ylim=(0.3, 100), xlabel="step")
    top.set_yticks((1, 10, 100), ("1", "10", "100"))
    top.set_title("The gradient is 1 for 60 steps, then 0: momentum keeps on")
    bottom.set(ylabel="weight", xlabel="step on half the squared weight, lr 0.1")
    bottom.set_title("In a bowl, more momentum swings longer")
    return fig
