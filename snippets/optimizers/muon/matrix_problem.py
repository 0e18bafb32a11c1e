"""SGD, AdamW and Muon on one ill-conditioned matrix, across learning rates."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.optimizers.muon.newton_schulz import newton_schulz

SEEDS, SIZE, STEPS = 8, 16, 200
GRIDS = {
    "SGD, momentum 0.9": [10 ** (k / 2) for k in range(-4, 3)],
    "AdamW": [10 ** (k / 2) for k in range(-6, 1)],
    "Muon": [10 ** (k / 2) for k in range(-5, 2)],
}


def _errors(name: str, condition: float, noise: float) -> Tensor:
    """Final excess loss over its start, `(learning rates, SEEDS)`; NaN if it diverged.

    Without noise the gradient is exact; with it, it comes from 64 samples a step.
    """
    generator = torch.Generator().manual_seed(0)
    shape = SEEDS, SIZE, SIZE
    basis = torch.linalg.qr(torch.randn(shape, generator=generator))[0]
    root = basis * condition ** -torch.linspace(0, 0.5, SIZE)  # root @ root.mT = H
    target = torch.randn(shape, generator=generator) / SIZE**0.5
    rates = torch.tensor(GRIDS[name]).view(-1, 1, 1, 1)
    w = torch.zeros(len(rates), *shape)
    if name == "AdamW":  # elementwise: all seeds at once, a group for each rate
        w = [torch.zeros(shape, requires_grad=True) for _ in rates]
        groups = [
            {"params": [p], "lr": lr} for p, lr in zip(w, GRIDS[name], strict=True)
        ]
        optimizer = torch.optim.AdamW(groups, weight_decay=0.0)
    m = torch.zeros(len(rates), *shape)
    for step in range(STEPS):
        error = (torch.stack(w).detach() if name == "AdamW" else w) - target
        if noise:
            x = root @ torch.randn(SEEDS, SIZE, 64, generator=generator)
            e = noise * torch.randn(SEEDS, SIZE, 64, generator=generator)
            g = (error @ x - e) @ x.mT / 64
        else:
            g = error @ (root @ root.mT)
        lr = rates * (1 - step / STEPS)
        if name == "AdamW":
            for p, group, gradient, rate in zip(
                w, optimizer.param_groups, g, lr, strict=True
            ):
                p.grad, group["lr"] = gradient, rate.item()
            optimizer.step()
        elif name == "Muon":
            m.lerp_(g, 0.05)
            w -= lr * newton_schulz(g.lerp(m, 0.95))
        else:
            m = 0.9 * m + g
            w -= lr * m
    error = (torch.stack(w).detach() if name == "AdamW" else w) - target
    loss, start = (((e @ root) ** 2).sum((-2, -1)) for e in (error, target))
    return loss / start


def figure() -> Figure:
    """Draw the final loss against the learning rate, without noise and with it."""
    fig, axes = plt.subplots(2, sharex=True, sharey=True, figsize=(5.5, 5.6))
    for ax, noise in zip(axes, (0.0, 0.3), strict=True):
        for i, (name, rates) in enumerate(GRIDS.items()):
            error = _errors(name, 1e4, noise).nan_to_num(nan=9.0).clamp(max=9).log10()
            # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
            mean, half = error.mean(1), 2.36 * error.std(1) / SEEDS**0.5
            style = {"marker": "osD"[i], "markersize": 4, "label": name}
            ax.plot(rates, 10**mean, **style)
            low, high = 10 ** (mean - half), 10 ** (mean + half)
            ax.fill_between(rates, low, high, alpha=0.2, lw=0)
        ax.set(xscale="log", yscale="log", ylabel="final loss / first loss")
    axes[0].text(1e-3, 3e-6, "exact gradients")
    axes[1].text(1e-3, 3e-6, "noisy targets, 64 samples a step")
    axes[0].text(6, 4, "diverged", ha="right", va="top")
    axes[1].legend(loc="upper center")
    axes[1].set(xlabel="learning rate, decayed linearly to 0")
    axes[0].set_title("Muon wins on curvature, not on noise")
    return fig
