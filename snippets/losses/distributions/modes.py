"""One Gaussian fitted to two modes, by forward and by reverse KL."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Normal

from snippets.losses.distributions.categorical_kl import categorical_kl

X = torch.linspace(-14, 14, 561, dtype=torch.float64)  # steps of 0.05
SHARE, MODES, SD = torch.tensor([0.65, 0.35]), torch.tensor([-2.5, 2.5]), 0.7
TARGET = torch.logsumexp(SHARE.log() + Normal(MODES, SD).log_prob(X[:, None]), dim=1)


def _fit(reverse: bool, start: float = -2.0) -> tuple[float, float, float]:
    """Give mean, standard deviation and the KL that was minimised.

    Examples:
        >>> [round(value, 2) for value in _fit(reverse=False)]
        [-0.75, 2.49, 0.62]
        >>> [round(value, 2) for value in _fit(reverse=True)]
        [-2.5, 0.7, 0.43]
        >>> [round(value, 2) for value in _fit(reverse=True, start=2.0)]
        [2.5, 0.7, 1.05]
    """
    free = torch.tensor([start, 0.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([free], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        log_q = Normal(free[0], free[1].exp()).log_prob(X)
        pair = (log_q, TARGET) if reverse else (TARGET, log_q)
        return categorical_kl(*pair)  # a density on a grid is a categorical

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    return free[0].item(), free[1].exp().item(), loss().item()


def figure() -> Figure:
    """Draw the target density and the two fits."""
    fig, ax = plt.subplots()
    part = slice(140, 421, 5)
    shown = X[part]
    ax.fill_between(shown, TARGET[part].exp(), color="C5", alpha=0.3, lw=0)
    ax.annotate("target p", (3.6, 0.13), color="C5")
    for reverse, text, at in (
        (False, "forward KL(p || q)\ncovers both modes", (-0.6, 0.22)),
        (True, "reverse KL(q || p)\nseeks one", (-6.8, 0.42)),
    ):
        mean, sd, _ = _fit(reverse)
        color = f"C{int(reverse)}"
        ax.plot(shown, Normal(mean, sd).log_prob(shown).exp(), color=color)
        ax.annotate(text, at, color=color)
    ax.set(xlabel="x", ylabel="density", ylim=(0, None), xlim=(-7, 7))
    ax.set_title("The order of the arguments decides what is fitted")
    return fig
