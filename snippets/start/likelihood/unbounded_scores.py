"""Scores without a log-sigmoid run away; the likelihood of the same scores settles."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.start.likelihood.negative_sampling import negative_sampling


def _difference(positive: Tensor, negative: Tensor) -> Tensor:
    return -(positive.mean() - negative.mean())


def figure() -> Figure:
    """Train linear scores on overlapping samples for 2000 SGD steps, both ways.

    Examples:
        Loss and weight norm of the difference after 1000 and 2000 steps, then the same
        of the likelihood:

        >>> losses, norms = figure().axes
        >>> for loss, norm in zip(losses.lines[:2], norms.lines):
        ...     loss, norm = loss.get_ydata(), norm.get_ydata()
        ...     print([f"{loss[i]:.3f} {norm[i]:.1f}" for i in (999, 1999)])
        ['-395.077 198.7', '-790.549 397.5']
        ['0.651 2.4', '0.651 2.4']
    """
    torch.manual_seed(0)
    positive, negative = torch.randn(200, 8) + 0.3, torch.randn(200, 8) - 0.3
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 5.0), sharex=True)
    for loss_of, name in (
        (_difference, "difference of scores"),
        (negative_sampling, "negative log-likelihood"),
    ):
        weight = torch.zeros(8, requires_grad=True)
        optimizer = torch.optim.SGD([weight], lr=0.1)
        losses, norms = [], []
        for _ in range(2000):
            optimizer.zero_grad()
            loss = loss_of(positive @ weight, negative @ weight)
            loss.backward()
            losses.append(loss.item())
            norms.append(weight.detach().norm().item())
            optimizer.step()
        top.plot(losses, label=name)
        bottom.plot(norms, label=name)
    top.set(ylabel="loss")
    top.set_title("The difference has no minimum …")
    top.legend(loc="lower left")
    bottom.set(xlabel="SGD step, learning rate 0.1", ylabel="norm of the weights")
    bottom.set_yscale("log")
    bottom.set_title("… so the weights grow without end")
    return fig
