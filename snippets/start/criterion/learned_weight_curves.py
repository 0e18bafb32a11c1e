"""A learned loss weight without a penalty goes negative; with one it settles."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from snippets.start.criterion.learned_weights import LearnedWeights


class _Naive(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, losses: Tensor) -> Tensor:
        return (self.weight * losses).sum()


def figure() -> Figure:
    """Train a line on noisy data for 600 Adam steps, learning rate 0.01, both ways.

    Examples:
        The step at which the naive weight first goes below zero, and the final errors
        (the noise in this sample has variance 1.2):

        >>> weights, errors = figure().axes
        >>> naive, learned = (line.get_ydata() for line in weights.lines[:2])
        >>> next(i for i, w in enumerate(naive) if w < 0)
        117
        >>> naive, learned = (line.get_ydata()[-1] for line in errors.lines[:2])
        >>> f"{naive:.0f} {learned:.1f}"
        '223 1.2'
    """
    torch.manual_seed(0)
    x = torch.randn(256, 1)
    y = 2 * x + 1 + torch.randn(256, 1)
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 5.0), sharex=True)
    learned_name = "0.5 exp(-s) · loss + 0.5 s"
    for criterion, name in ((_Naive(), "w · loss"), (LearnedWeights(1), learned_name)):
        torch.manual_seed(0)
        model = nn.Linear(1, 1)
        parameters = [*model.parameters(), *criterion.parameters()]
        optimizer = torch.optim.Adam(parameters, lr=0.01)
        weights, errors = [], []
        for _ in range(600):
            optimizer.zero_grad()
            error = (model(x) - y).square().mean()
            factor = next(criterion.parameters()).item()
            if isinstance(criterion, LearnedWeights):
                factor = 0.5 * torch.exp(-criterion.log_variance).item()
            weights.append(factor)
            errors.append(error.item())
            criterion(error.reshape(1)).backward()
            optimizer.step()
        top.plot(weights, label=name)
        bottom.plot(errors, label=name)
    top.axhline(0, color=plt.rcParams["text.color"], linewidth=1)
    top.set(ylabel="weight on the loss")
    top.set_title("The naive weight goes negative …")
    top.legend()
    bottom.set(xlabel="step", ylabel="mean squared error", yscale="log")
    bottom.set_title("… and from there the error is maximised")
    return fig
