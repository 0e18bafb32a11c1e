"""Rows of very different frequency, five optimizers tuned alike."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, SparseAdam

ROWS, WIDTH, RUNS, BATCH, STEPS = 300, 4, 8, 16, 250
KINDS = {
    "SGD": (SGD, True, {}),
    "Adagrad": (Adagrad, True, {}),
    "Adam": (Adam, False, {}),
    "SparseAdam": (SparseAdam, True, {}),
    "SparseAdam, beta1 0": (SparseAdam, True, {"betas": (0.0, 0.999)}),
}
RATES = {SGD: (0.3, 1, 3, 10, 30), Adagrad: (0.1, 0.3, 1, 3, 10)}
GRID = (0.01, 0.03, 0.1, 0.3, 1)


def _losses(name: str) -> tuple[tuple[float, ...], Tensor]:
    """The learning rates, and the loss by rate and run; row k has frequency ~ 1/k."""
    kind, sparse, options = KINDS[name]
    generator = torch.Generator().manual_seed(0)
    share = 1 / torch.arange(1, ROWS + 1)
    share /= share.sum()
    target = torch.randn(RUNS * ROWS, WIDTH, generator=generator)
    offset = torch.arange(RUNS)[:, None] * ROWS
    rates = RATES.get(kind, GRID)
    tables = [nn.Parameter(torch.zeros(RUNS * ROWS, WIDTH)) for _ in rates]
    groups = zip(tables, rates, strict=True)
    optimizer = kind([{"params": [p], "lr": lr} for p, lr in groups], **options)
    for step in range(STEPS):
        drawn = share.multinomial(RUNS * BATCH, replacement=True, generator=generator)
        rows = (drawn.view(RUNS, BATCH) + offset).flatten()
        noise = 0.5 * torch.randn(len(rows), WIDTH, generator=generator)
        for p, lr, group in zip(tables, rates, optimizer.param_groups, strict=True):
            group["lr"] = lr * (1 - step / STEPS)
            slope = (p.detach()[rows] - target[rows] - noise) / BATCH
            grad = torch.sparse_coo_tensor(rows[None], slope, p.shape).coalesce()
            p.grad = grad if sparse else grad.to_dense()
        optimizer.step()
    error = torch.stack([p.detach() - target for p in tables]).square().mean(2)
    return rates, error.view(len(rates), RUNS, ROWS) @ share


def figure() -> Figure:
    """Draw the loss against the learning rate, with 95 % intervals."""
    torch.sparse.check_sparse_tensor_invariants.disable()  # says so, or torch warns
    fig, ax = plt.subplots()
    for i, name in enumerate(KINDS):
        rates, loss = _losses(name)
        half = 2.36 * loss.std(1) / RUNS**0.5
        ax.errorbar(
            rates, loss.mean(1), half, fmt="o-", color=f"C{i}", capsize=3, label=name
        )
    ax.legend(loc="upper left", ncols=2)
    ax.set(xscale="log", yscale="log", ylim=(0.03, 6))
    ax.set(xlabel="learning rate", ylabel="expected squared error")
    ax.set_title("On rare rows, SGD and Adagrad are hard to beat")
    return fig
