"""Three learned weights on an easy and a hard task: free, softmax, uncertainty."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.multitask.uncertainty_weights import UncertaintyWeights

STEPS = 400
KINDS = ("free", "softmax", "uncertainty")


def _run(kind: str, lr: float = 0.03) -> tuple[Tensor, Tensor]:
    """Give weights and errors `(steps, 2)` of the easy and the hard task under SGD."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 1, generator=generator)
    noise = torch.randn(256, 2, generator=generator) * torch.tensor([0.1, 1.0])
    target = x * torch.tensor([1.0, 3.0]) + noise
    slope = torch.zeros(2, requires_grad=True)
    criterion = UncertaintyWeights(["regression"] * 2)
    learned = {
        "free": torch.ones(2, requires_grad=True),
        "softmax": torch.zeros(2, requires_grad=True),
        "uncertainty": criterion.log_variance,
    }[kind]
    weights, errors = [], []
    for _ in range(STEPS):
        losses = F.mse_loss(x * slope, target, reduction="none").mean(0)
        if kind == "uncertainty":
            weight, total = criterion.weights(), criterion(losses)
        else:
            weight = learned if kind == "free" else learned.softmax(0)
            total = (weight * losses).sum()
        weights.append(weight.detach().clone())
        errors.append(losses.detach())
        parameters = [slope, learned]
        grads = torch.autograd.grad(total, parameters)
        with torch.no_grad():
            for parameter, grad in zip(parameters, grads, strict=True):
                parameter -= lr * grad
    return torch.stack(weights), torch.stack(errors)


def figure() -> Figure:
    """Draw the hard task's weight and error for each way to learn the weights."""
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for i, kind in enumerate(KINDS):
        weights, errors = _run(kind)
        shown = torch.arange(0, STEPS, 1 if kind == "free" else 8)
        shown = shown[errors[shown, 1] < 14]
        style = {"color": f"C{i}", "ls": ("-", "--", "-.")[i]}
        top.plot(shown, weights[shown, 1], **style)
        bottom.plot(shown, errors[shown, 1], label=kind, **style)
    top.axhline(0, color=plt.rcParams["text.color"], lw=1)
    top.set(ylabel="weight of the hard task", ylim=(-3, 1.2))
    top.annotate("free: negative, then -∞", (30, -2), color="C0")
    top.annotate("softmax: to 0", (390, -0.45), ha="right", color="C1")
    top.annotate("uncertainty: 1 / (2 · error)", (390, 0.5), ha="right", color="C2")
    bottom.set(xlabel="step of SGD", ylabel="its mean squared error", ylim=(0, 12))
    bottom.legend()
    top.set_title("Without a price, a learned weight stops the learning")
    return fig
