"""What Muon's iteration makes of a singular value, after 1, 3 and 5 steps."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor


def _mapped(s: Tensor, steps: int) -> Tensor:
    """Apply the polynomial of `torch.optim.Muon` to singular values.

    Examples:
        >>> s = torch.logspace(-2.5, 0, 1000)
        >>> five = _mapped(s, 5)
        >>> print(f"{five.min():.2f} to {five.max():.2f}")
        0.68 to 1.20
        >>> print(f"{_mapped(torch.tensor(1e-5), 5) / 1e-5:.0f}")
        485
    """
    a, b, c = torch.optim.Muon([torch.zeros(1, 1)]).defaults["ns_coefficients"]
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return s


def figure() -> Figure:
    """Draw the singular value after the iteration against the one before it."""
    s = torch.logspace(-4, 0, 300)
    fig, ax = plt.subplots()
    for steps, at in ((1, 0.17), (3, 0.009), (5, 0.00055)):
        ax.plot(s, _mapped(s, steps))
        x = torch.tensor(at)
        name = f"{steps} step" + "s" * (steps > 1)
        ax.annotate(
            name, (at, _mapped(x, steps)), (-6, 6), textcoords="offset points",
            ha="right", color=f"C{steps // 2}",
        )  # fmt: skip
    ax.set(xscale="log", ylim=(0, 1.3))
    ax.set(xlabel="singular value / Frobenius norm, before", ylabel="after")
    ax.set_title("Five steps lift all but the smallest to near 1")
    return fig
