"""What one gradient of 100 times the size does to Adam's next steps."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import Adam

SPIKE, STEPS = 100, 500
LIMITS = {"no clipping": float("inf"), "max_norm 10": 10.0, "max_norm 1": 1.0}


def _steps() -> Tensor:
    """Step lengths relative to lr, `(STEPS, limits)`: gradients of 1, one of 100."""
    weights = [nn.Parameter(torch.zeros(1).double()) for _ in LIMITS]
    optimizer = Adam(weights, lr=1.0)
    values = [torch.zeros(len(LIMITS)).double()]
    for step in range(1, STEPS + 1):
        for weight, limit in zip(weights, LIMITS.values(), strict=True):
            weight.grad = torch.full_like(weight, 100.0 if step == SPIKE else 1.0)
            nn.utils.clip_grad_norm_([weight], limit)
        optimizer.step()
        values.append(torch.cat(weights).detach())
    return -torch.stack(values).diff(dim=0)


def figure() -> Figure:
    """Draw the steps of Adam around a spike, without clipping, with 10 and with 1."""
    fig, ax = plt.subplots()
    for i, (name, steps) in enumerate(zip(LIMITS, _steps().T, strict=True)):
        ax.plot(range(1, STEPS + 1), steps, color=f"C{i}", ls=("-", "--", "-.")[i])
        ax.text(250, (0.24, 0.74, 1.04)[i], name, color=f"C{i}")
    ax.set(xlabel="step", ylabel="step length / lr", ylim=(0, 1.4))
    ax.set_title("One spike shrinks Adam's steps for hundreds more")
    return fig
