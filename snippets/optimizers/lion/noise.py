"""The size of a step of Lion and of AdamW, from pure noise to pure signal."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.optimizers.lion.lion import Lion

SIGNALS = [10 ** (k / 4) for k in range(-8, 7)]


def _step_sizes(make: type) -> Tensor:
    """RMS of a step over lr, gradients being signal plus noise of deviation 1.

    Examples:
        Pure noise leaves AdamW sqrt((1 - beta1) / (1 + beta1)) = 0.23 of its lr:

        >>> adamw, lion = _step_sizes(torch.optim.AdamW), _step_sizes(Lion)
        >>> round(adamw[0].item(), 1), round(adamw[-1].item(), 1)
        (0.2, 1.0)
        >>> lion.allclose(torch.ones(()), atol=1e-3)
        True
    """
    generator = torch.Generator().manual_seed(0)
    weights = [torch.zeros(1000, requires_grad=True) for _ in SIGNALS]
    optimizer = make(weights, lr=1.0, weight_decay=0.0)
    for _ in range(200):
        before = torch.stack(weights).detach()
        for weight, signal in zip(weights, SIGNALS, strict=True):
            weight.grad = signal + torch.randn(1000, generator=generator)
        optimizer.step()
    return (torch.stack(weights).detach() - before).square().mean(1).sqrt()


def figure() -> Figure:
    """Draw the size of the 200th step against the signal."""
    fig, ax = plt.subplots()
    for i, make in enumerate((torch.optim.AdamW, Lion)):
        size = _step_sizes(make)
        ax.plot(SIGNALS, size, color=f"C{i}")
        ax.annotate(make.__name__, (0.012, size[0] + 0.03), color=f"C{i}")
    ax.set(xscale="log", ylim=(0, 1.15), ylabel="RMS of a step / learning rate")
    ax.set_xlabel("mean of a gradient / its standard deviation")
    ax.set_title("Noise makes AdamW's steps four times smaller, not Lion's")
    return fig
