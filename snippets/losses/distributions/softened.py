"""What a teacher of digits says about one digit, at six temperatures."""

import functools

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

TEMPERATURES = (1.0, 2.0, 3.0, 4.0, 8.0, 20.0)
SHOWN = 1032  # not among the rows that the teacher learned from


@functools.cache
def _logits() -> tuple[Tensor, int]:
    """Logits of a network that learned from 1000 digits, and the true digit."""
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32) / 16
    y = torch.tensor(labels)
    generator = torch.Generator().manual_seed(0)
    shapes = (64, 32), (32,), (32, 10), (10,)
    w = [torch.randn(*s, generator=generator) / 8 for s in shapes]
    w = [tensor.requires_grad_() for tensor in w]
    optimizer = torch.optim.Adam(w, lr=0.01)

    def teacher(x: Tensor) -> Tensor:
        return (x @ w[0] + w[1]).relu() @ w[2] + w[3]

    for _ in range(150):
        optimizer.zero_grad()
        F.cross_entropy(teacher(x[:1000]), y[:1000]).backward()
        optimizer.step()
    return teacher(x[SHOWN]).detach(), labels[SHOWN].item()


def _entropy(logits: Tensor, temperature: float) -> float:
    """In nats, of the softened probabilities.

    Examples:
        >>> round(_entropy(torch.zeros(10), 3.0), 4)  # log 10
        2.3026
    """
    log_p = (logits / temperature).log_softmax(0)
    return -(log_p.exp() * log_p).sum().item()


def figure() -> Figure:
    """Draw the probabilities, and their entropy, a temperature as one step."""
    logits, digit = _logits()
    logits, order = logits.sort(descending=True)
    fig, (top, bottom) = plt.subplots(2, figsize=(5.5, 5), height_ratios=(2, 1))
    for i, t in enumerate(TEMPERATURES):
        look = {"color": f"C{i}", "gid": f"step {t:g}"}
        p = (logits / t).softmax(0)
        top.plot(p, marker="o", ms=4, **look)
        top.text(-0.2, p[0], f"T {t:g}", ha="right", va="center", **look)
        entropy = _entropy(logits, t)
        bottom.plot(t, entropy, "o", **look)
        bottom.text(t, entropy - 0.2, f"{entropy:.2f}", va="top", **look)
    rates = torch.logspace(-0.1, 1.4, 24)
    curve = [_entropy(logits, t.item()) for t in rates]
    bottom.plot(rates, curve, "-", color="C5", lw=0.8)
    bottom.axhline(torch.tensor(10.0).log(), color="C5", lw=0.8)
    bottom.text(0.8, 2.1, "ten equal ones", va="top", color="C5")
    top.set(xlim=(-1.2, 9.3), ylim=(0, 1.03), ylabel="probability")
    top.set(xticks=range(10), xlabel="class, by the teacher's logit")
    top.set_xticklabels(order.tolist())
    top.set_title(f"Warmer, the teacher of this {digit} names what it resembles")
    bottom.set(
        xscale="log", xlabel="temperature T", ylabel="entropy, nats", ylim=(-0.5, 2.5)
    )
    bottom.set_xticks(TEMPERATURES, [f"{t:g}" for t in TEMPERATURES])
    bottom.minorticks_off()
    return fig
