"""Adam's step for six beta2 after one gradient of 100 among gradients of 1."""

import functools

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

BETAS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
SPIKE, STEPS = 100.0, 2000


@functools.cache
def _after() -> tuple[Tensor, Tensor]:
    """Root of v and step / lr by beta2, from the step of the spike on.

    Adam has seen gradients of 1 for so long that its moments are 1.
    """
    weights = [nn.Parameter(torch.zeros(1, dtype=torch.float64)) for _ in BETAS]
    groups = [
        {"params": [w], "betas": (0.9, b)} for w, b in zip(weights, BETAS, strict=True)
    ]
    optimizer = torch.optim.Adam(groups, lr=1.0)
    for w in weights:
        one = torch.ones_like(w.data)
        optimizer.state[w] = {
            "step": torch.tensor(1e6),
            "exp_avg": one.clone(),
            "exp_avg_sq": one.clone(),
        }
    roots, places = [], [torch.cat(weights).detach()]
    for step in range(STEPS):
        for w in weights:
            w.grad = torch.full_like(w, 1.0 if step else SPIKE)
        optimizer.step()
        places.append(torch.cat(weights).detach())
        roots.append(torch.cat([optimizer.state[w]["exp_avg_sq"] for w in weights]))
    return torch.stack(roots, 1).sqrt(), -torch.stack(places, 1).diff(dim=1)


def figure() -> Figure:
    """Draw both, those of a beta2 as one step."""
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.2))
    roots, steps = _after()
    few = torch.logspace(0, 3.301, 34).round().long().unique().clamp(max=STEPS)
    for i, beta in enumerate(BETAS):
        look = {"color": f"C{i}", "gid": f"step {beta:g}"}
        top.plot(few, roots[i, few - 1], **look)
        top.text(0.95, roots[i, 0], f"{beta:g}", ha="right", va="center", **look)
        bottom.plot(few, steps[i, few - 1], **look)
    top.set(xscale="log", yscale="log", ylabel="root of v", xlim=(0.5, STEPS))
    top.set_yticks((1, 3, 10, 30), ("1", "3", "10", "30"))
    top.minorticks_off()
    top.set_title("A large beta2 takes little of one outlier into v")
    bottom.axhline(0.5, color=plt.rcParams["text.color"], lw=0.8)
    bottom.set(ylabel="step / lr", xlabel="steps, the outlier at 1")
    bottom.set_xticks((1, 10, 100, 1000), ("1", "10", "100", "1000"))
    bottom.minorticks_off()
    bottom.set_title("Its steps are long at first, then short for long")
    return fig
