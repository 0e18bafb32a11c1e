"""Rprop and RMSprop on batches of different size."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import LBFGS, RMSprop, Rprop

BATCHES = (8, 32, 128, 569)
RATES = (0.001, 0.01, 0.1)
RUNS, STEPS = 8, 150


def _data() -> tuple[Tensor, Tensor]:
    """Standardised features with a column of ones `(569, 31)`, and labels."""
    x, y = load_breast_cancer(return_X_y=True)
    x, y = torch.tensor(x), torch.tensor(y).double()
    x = (x - x.mean(0)) / x.std(0)
    return torch.cat([x, torch.ones(len(x), 1)], 1), y


def _loss(w: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Logistic loss with a little L2, of each row of w."""
    z = w @ x.T
    loss = F.binary_cross_entropy_with_logits(z, y.expand_as(z), reduction="none")
    return loss.mean(-1) + 0.005 * w.square().sum(-1)


def _excess() -> dict[str, Tensor]:
    """Full loss above the optimum by batch size and run, at the best rate of each."""
    x, y = _data()
    best = nn.Parameter(torch.zeros(31, dtype=torch.float64))
    solver = LBFGS([best], max_iter=100, tolerance_change=0)

    def closure() -> Tensor:
        solver.zero_grad()
        loss = _loss(best, x, y)
        loss.backward()
        return loss

    solver.step(closure)
    floor, found = _loss(best.detach(), x, y), {}
    for kind in (Rprop, RMSprop):
        rows = []
        for batch in BATCHES:
            generator = torch.Generator().manual_seed(0)
            zero = torch.zeros(RUNS, 31, dtype=torch.float64)
            weights = [nn.Parameter(zero.clone()) for _ in RATES]
            groups = zip(weights, RATES, strict=True)
            optimizer = kind([{"params": [w], "lr": lr} for w, lr in groups])
            for _ in range(STEPS):
                index = torch.rand(RUNS, 569, generator=generator).argsort(1)[:, :batch]
                now = torch.stack([w.detach() for w in weights], 1)
                wrong = (now @ x[index].mT).sigmoid() - y[index][:, None]
                slope = wrong @ x[index] / batch + 0.01 * now
                for w, g in zip(weights, slope.unbind(1), strict=True):
                    w.grad = g.contiguous()
                optimizer.step()
            excess = torch.stack([_loss(w.detach(), x, y) for w in weights]) - floor
            excess = excess.clamp(min=1e-15)
            rows.append(excess[excess.mean(1).argmin()])
        found[kind.__name__] = torch.stack(rows)
    return found


def figure() -> Figure:
    """Draw the excess loss, with 95 % intervals over the batches drawn."""
    fig, ax = plt.subplots()
    for i, (name, excess) in enumerate(_excess().items()):
        half = 2.36 * excess.std(1) / RUNS**0.5
        ax.errorbar(
            BATCHES,
            excess.mean(1),
            half,
            fmt="o-",
            color=f"C{i}",
            capsize=3,
            label=name,
        )
    ax.legend(loc="lower left")
    ax.set(xscale="log", yscale="log", ylim=(1e-10, 1))
    ax.set(xlabel="batch size", ylabel="loss above the optimum")
    ax.set_xticks(BATCHES, ["8", "32", "128", "all 569"])
    ax.minorticks_off()
    ax.set_title("Rprop is for full batches only")
    return fig
