"""Gradient norm against gradient evaluations on logistic regression."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import LBFGS, SGD, Adam, Optimizer

CALLS = 120
PENALTY = 0.005
RATES = {
    True: {SGD: range(-4, 2), Adam: range(-6, 1)},
    False: {SGD: range(-13, -6), Adam: range(-6, 1)},
}  # half decades, by whether the inputs are standardised


def _data(standardised: bool) -> tuple[Tensor, Tensor]:
    """Features with a column of ones `(569, 31)`, and labels, in float64."""
    x, y = load_breast_cancer(return_X_y=True)
    x, y = torch.tensor(x), torch.tensor(y).double()
    if standardised:
        x = (x - x.mean(0)) / x.std(0)
    return torch.cat([x, torch.ones(len(x), 1)], 1), y


def _lbfgs(x: Tensor, y: Tensor, line_search: str | None) -> list[float]:
    """Norm of the gradient at each call of the closure."""
    weight = nn.Parameter(torch.zeros(31, dtype=torch.float64))
    optimizer = LBFGS(
        [weight],
        max_iter=CALLS,
        max_eval=CALLS,
        tolerance_grad=0,
        tolerance_change=0,
        line_search_fn=line_search,
    )
    norms = []

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = F.binary_cross_entropy_with_logits(x @ weight, y)
        loss = loss + PENALTY * weight.square().sum()
        loss.backward()
        norms.append(weight.grad.norm().item())
        return loss

    optimizer.step(closure)
    return norms


def _first_order(
    kind: type[Optimizer], x: Tensor, y: Tensor, rates: list[float], **options: float
) -> tuple[Tensor, float]:
    """The same at each step, at the rate that ends lowest, and that rate."""
    zero = torch.zeros(31, dtype=torch.float64)
    weights = [nn.Parameter(zero.clone()) for _ in rates]
    groups = zip(weights, rates, strict=True)
    optimizer = kind([{"params": [w], "lr": lr} for w, lr in groups], **options)
    norms = []
    for _ in range(CALLS):
        now = torch.stack([w.detach() for w in weights])
        slope = ((now @ x.T).sigmoid() - y) @ x / len(x) + 2 * PENALTY * now
        norms.append(slope.norm(dim=1))
        for w, g in zip(weights, slope, strict=True):
            w.grad = g
        optimizer.step()
    norms = torch.stack(norms, 1)
    best = norms[:, -20:].mean(1).nan_to_num(torch.inf).argmin()
    return norms[best], rates[best]


def _norms(standardised: bool) -> dict[str, list[float] | Tensor]:
    """The four lines of a panel."""
    x, y = _data(standardised)
    lines = {"LBFGS, strong Wolfe": _lbfgs(x, y, "strong_wolfe")}
    lines["LBFGS, no line search"] = _lbfgs(x, y, None)
    for kind, options in ((SGD, {"momentum": 0.9}), (Adam, {})):
        rates = [10 ** (k / 2) for k in RATES[standardised][kind]]
        norms, _ = _first_order(kind, x, y, rates, **options)
        lines[f"{kind.__name__}, best rate"] = norms
    return lines


def figure() -> Figure:
    """Draw both panels."""
    fig, axes = plt.subplots(2, 1, figsize=(5.5, 5.2), sharex=True)
    for ax, standardised in zip(axes, (True, False), strict=True):
        for i, (name, norms) in enumerate(_norms(standardised).items()):
            ax.semilogy(norms, color=f"C{i}", label=name)
        ax.set_ylabel("norm of the gradient")
    axes[0].set(ylim=(1e-14, 10))
    axes[1].set(xlabel="evaluations of the gradient", ylim=(1e-4, 1e6))
    axes[0].legend(loc="lower right")
    axes[0].set_title("Standardised inputs: LBFGS needs a tenth of the calls")
    axes[1].set_title("Raw inputs: only the line search gets there")
    return fig
