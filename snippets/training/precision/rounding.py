"""Training with bfloat16 weights and four ways to round the update."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.training.precision.stochastic_round import stochastic_round_

WAYS = "to nearest", "stochastic", "Kahan"
RATES, RUNS, STEPS, BATCH = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2), 8, 150, 32


def _store(way: str, weight: Tensor, update: Tensor, lost: Tensor) -> None:
    """Add the float32 update to the weight in place; `lost` is Kahan's bfloat16."""
    if way == "Kahan":
        update = update + lost.float()
    exact = weight.float() + update
    if way == "stochastic":
        stochastic_round_(weight, exact)
    else:
        weight.copy_(exact)
    lost.copy_(exact - weight.float())


def _train(way: str, dtype: torch.dtype) -> Tensor:
    """Loss on 600 held-out digits, `(rates, runs)`; Adam's state is float32."""
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images).float().view(-1, 1, 8, 8), torch.tensor(labels)
    x = F.avg_pool2d(x, 2).flatten(1) / 8 - 0.5
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    x, y = x[order], y[order]
    generator = torch.Generator().manual_seed(1)
    start = 0.5 * torch.randn(RUNS, 16, 10, generator=generator)
    start = start.repeat(len(RATES), 1, 1)
    weight = start.to(dtype)
    adam = torch.optim.Adam([state := torch.zeros_like(start)], lr=1.0)
    rate = torch.tensor(RATES).repeat_interleave(RUNS)[:, None, None]
    lost = torch.zeros_like(weight)
    for step in range(STEPS):
        rows = torch.randint(1000, (RUNS, BATCH), generator=generator)
        rows = rows.repeat(len(RATES), 1)
        full = weight.detach().float().requires_grad_()
        z = (x[rows] @ full).transpose(1, 2)
        loss = F.cross_entropy(z, y[rows], reduction="sum") / BATCH
        (state.grad,) = torch.autograd.grad(loss, full)
        state.zero_()
        adam.step()  # leaves the update of lr 1 in `state`
        _store(way, weight, state * rate * (1 - step / STEPS), lost)
    z = (x[1000:1600] @ weight.float()).transpose(1, 2)
    held = F.cross_entropy(z, y[1000:1600].expand(len(z), -1), reduction="none")
    return held.mean(1).view(len(RATES), RUNS)


def figure() -> Figure:
    """Draw the loss less that of float32 weights, paired, with 95 % intervals."""
    fig, ax = plt.subplots()
    full = _train("to nearest", torch.float32)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        for i, way in enumerate(WAYS):
            more = _train(way, torch.bfloat16) - full
            mean, half = more.mean(1), 2.36 * more.std(1) / RUNS**0.5
            ax.errorbar(
                RATES, mean, half, fmt="o-", color=f"C{i}", capsize=3, label=way
            )
    ax.set(xscale="log", xlabel="learning rate", ylabel="loss above float32 weights")
    ax.legend()
    ax.set_title("Rounded to nearest, bfloat16 weights lag")
    return fig
