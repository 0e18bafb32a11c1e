"""What three treatments of censored times do to a fitted hazard ratio."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.survival.cox_loss import cox_loss

SEEDS, N, TRUE = 12, 400, 1.0


def _estimates(rate: float) -> tuple[float, dict[str, Tensor]]:
    """Share of censored subjects, and fitted log hazard ratios, `(SEEDS,)`.

    Subjects leave at `rate` times the hazard of a death at x = 0.
    """
    found = {"Cox, all subjects": [], "censored dropped": [], "censored as events": []}
    share = 0.0
    for seed in range(SEEDS):
        generator = torch.Generator().manual_seed(seed)
        x = torch.randn(N, generator=generator)
        unit = torch.rand(2, N, generator=generator).clamp(min=1e-6)
        death = -unit[0].log() / (TRUE * x).exp()
        end = -unit[1].log() / rate if rate else death + 1
        time, event = torch.minimum(death, end), (death <= end).long()
        kept = event == 1
        share += (~kept).float().mean().item() / SEEDS
        data = (x, time, event), (x[kept], time[kept], event[kept])
        data += ((x, time, torch.ones_like(event)),)
        for name, (inputs, times, events) in zip(found, data, strict=True):
            found[name].append(_fit(inputs, times, events))
    return share, {name: torch.tensor(values) for name, values in found.items()}


def _fit(x: Tensor, time: Tensor, event: Tensor) -> float:
    beta = torch.zeros((), requires_grad=True)
    for _ in range(6):  # Newton's method
        loss = cox_loss(beta * x, time, event)
        (slope,) = torch.autograd.grad(loss, beta, create_graph=True)
        (curvature,) = torch.autograd.grad(slope, beta)
        with torch.no_grad():
            beta -= slope / curvature
    return beta.item()


def figure() -> Figure:
    """Draw the estimates against the share of censored subjects."""
    shares, by_share = zip(*map(_estimates, [0.0, 0.2, 0.6, 1.5, 4.0]), strict=True)
    fig, ax = plt.subplots()
    for i, name in enumerate(by_share[0]):
        values = torch.stack([found[name] for found in by_share])
        mean, margin = values.mean(1), 2.201 * values.std(1) / SEEDS**0.5
        ax.plot(shares, mean, "o-", label=name)
        ax.fill_between(shares, mean - margin, mean + margin, color=f"C{i}", alpha=0.2)
    ax.axhline(TRUE, color=plt.rcParams["text.color"], linestyle=":")
    ax.annotate("truth", (0.05, TRUE - 0.05))
    ax.set(
        xlabel="share of subjects that are censored", ylabel="fitted log hazard ratio"
    )
    ax.set_title("Only the partial likelihood keeps to the truth")
    ax.legend(loc="lower left")
    return fig
