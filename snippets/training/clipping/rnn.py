"""A recurrent network with exploding gradients, clipped in five ways."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

SYMBOLS, HIDDEN, LENGTH, BATCH, STEPS, RUNS, GAIN = 8, 16, 20, 8, 50, 10, 3.0
RATES = (0.1, 0.3, 1.0, 3.0, 10.0)
INF, F64 = float("inf"), torch.float64
LIMITS = ((INF, INF), (5.0, INF), (1.0, INF), (0.25, INF), (INF, 0.5))
NAMES = ("no clipping", "norm 5", "norm 1", "norm 0.25", "value 0.5")


def _train() -> tuple[Tensor, Tensor, float]:
    """Held-out losses `(rates, limits, runs)`, norms at each step, and the border.

    The task: the next symbol of a Markov chain. The border is the loss of guessing
    by frequency. Runs are paired: the same start and data for each rate and limit.
    """
    g = torch.Generator().manual_seed(0)
    chain = torch.randn(SYMBOLS, SYMBOLS, generator=g, dtype=F64).mul(2).softmax(1)
    copies = len(RATES) * len(LIMITS)

    def start(*shape: int) -> Tensor:
        x = torch.randn(RUNS, *shape, generator=g, dtype=F64) / shape[0] ** 0.5
        return x.repeat(copies, 1, 1)

    def draw(n: int) -> Tensor:
        text = [torch.randint(SYMBOLS, (RUNS * n,), generator=g)]
        for _ in range(LENGTH):
            text.append(torch.multinomial(chain[text[-1]], 1, generator=g)[:, 0])
        return torch.stack(text, 1).view(RUNS, n, -1)

    weights = [
        start(HIDDEN, HIDDEN) * GAIN,
        start(SYMBOLS, HIDDEN) * SYMBOLS**0.5,
        start(HIDDEN, SYMBOLS),
    ]
    for w in weights:
        w.requires_grad_()

    def losses(text: Tensor) -> Tensor:
        text = text.repeat(copies, 1, 1)
        seen = F.one_hot(text[..., :-1], SYMBOLS).double().flatten(1, 2) @ weights[1]
        seen = seen.unflatten(1, (-1, LENGTH)).unbind(2)
        state, states = torch.zeros_like(seen[0]), []
        for x in seen:
            state = torch.baddbmm(x, state, weights[0]).tanh()
            states.append(state)
        z = torch.stack(states, 2).flatten(1, 2) @ weights[2]
        return F.cross_entropy(z.mT, text[..., 1:].flatten(1), reduction="none").mean(1)

    def each(values: list[float]) -> Tensor:
        return torch.tensor(values).repeat_interleave(RUNS)[:, None, None]

    rate = each([r for r in RATES for _ in LIMITS])
    max_norm, value = (each([lim[i] for lim in LIMITS] * len(RATES)) for i in (0, 1))
    norms = []
    for _ in range(STEPS):
        grads = torch.autograd.grad(losses(draw(BATCH)).sum(), weights)
        norm = sum(x.square().sum((1, 2), keepdim=True) for x in grads).sqrt()
        norms.append(norm)
        factor = (max_norm / (norm + 1e-6)).clamp(max=1)
        with torch.no_grad():
            for w, x in zip(weights, grads, strict=True):
                w -= rate * (x * factor).clamp(-value, value)
    text = draw(64)
    share = (
        torch.bincount(text[..., 1:].flatten(), minlength=SYMBOLS)
        / text[..., 1:].numel()
    )
    shape = len(RATES), len(LIMITS), RUNS
    with torch.no_grad():
        held = losses(text).view(shape)
    border = -(share * share.log()).sum().item()
    return held, torch.stack(norms).view(STEPS, *shape), border


def figure() -> Figure:
    """Draw the median loss and the number of failed runs against the rate."""
    held, _, border = _train()
    fig, (top, low) = plt.subplots(2, sharex=True, figsize=(5.5, 5.2))
    failed = (~(held < border)).sum(2)
    for i, name in enumerate(NAMES):
        style = {"color": f"C{i}", "ls": ("-", "--", "-.", "-", ":")[i], "marker": "o"}
        top.plot(RATES, held[:, i].median(1).values, **style, label=name)
        low.plot(RATES, failed[:, i], **style)
    top.axhline(border, color="C5", lw=1)
    top.text(3.7, border - 0.08, "guessing", color="C5")
    top.set(ylim=(0.95, 2.05), ylabel="median loss")
    top.legend(loc="upper center", bbox_to_anchor=(0.42, 1.0))
    low.set(xscale="log", xlabel="learning rate (SGD)", ylim=(-0.4, RUNS + 0.4))
    low.set(ylabel=f"failed, of {RUNS} runs")
    top.set_title("Clipping moves the border of the rate")
    return fig
