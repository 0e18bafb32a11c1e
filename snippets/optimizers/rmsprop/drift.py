"""How long each optimizer takes to follow a jump, by how long it has run."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.optim import SGD, Adagrad, Adam, RMSprop

KINDS = {"SGD": SGD, "Adagrad": Adagrad, "RMSprop": RMSprop, "Adam": Adam}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1)
JUMPS = (100, 400, 1600)
RUNS, TUNING, STEPS = 256, 200, 1700


def _targets() -> Tensor:
    """0, 1, 0, 1: the target at each step."""
    steps = torch.arange(STEPS)
    return sum((steps >= jump).float() for jump in JUMPS) % 2


def _track(kind: type, rates: tuple[float, ...], steps: int) -> Tensor:
    """Weights by step, rate and run; the gradient is the error plus noise."""
    generator = torch.Generator().manual_seed(0)
    weights = [nn.Parameter(torch.zeros(RUNS)) for _ in rates]
    groups = zip(weights, rates, strict=True)
    optimizer = kind([{"params": [w], "lr": lr} for w, lr in groups])
    target, path = _targets(), []
    for t in range(steps):
        path.append(torch.stack([w.detach().clone() for w in weights]))
        noise = torch.randn(RUNS, generator=generator)
        for w in weights:
            w.grad = w.detach() - target[t] + noise
        optimizer.step()
    return torch.stack(path)


def _delays() -> dict[str, tuple[float, list[int]]]:
    """The rate that is best up to step 200, and the steps to half of each jump."""
    target, found = _targets(), {}
    for name, kind in KINDS.items():
        path = _track(kind, RATES, TUNING)
        error = (path - target[:TUNING, None, None]).square().mean((0, 2))
        lr = RATES[error.argmin()]
        gap = (_track(kind, (lr,), STEPS).mean((1, 2)) - target).abs()
        delays = [int((gap[jump:] < 0.5).float().argmax()) for jump in JUMPS]
        found[name] = lr, delays
    return found


def figure() -> Figure:
    """Draw the delays."""
    fig, ax = plt.subplots()
    for i, (name, (lr, delays)) in enumerate(_delays().items()):
        ax.loglog(JUMPS, delays, "o-", color=f"C{i}", label=f"{name}, lr {lr:g}")
    ax.legend(loc="upper left")
    ax.set(xlabel="step of the jump", ylabel="steps to cover half of it", ylim=(3, 150))
    ax.set_xticks(JUMPS, map(str, JUMPS))
    ax.minorticks_off()
    ax.set_title("The longer Adagrad has run, the slower it follows")
    return fig
