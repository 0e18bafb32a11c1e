"""SAM beside SGD of as many steps and SGD of as much compute, on wrong labels."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

SEEDS, TRAIN, BATCH, UNITS, STEPS, WRONG = 8, 200, 32, 32, 150, 0.4
RATES = [0.01, 0.02, 0.05, 0.1, 0.2]
RUNS = {
    "SGD": (0.0, STEPS),
    "SGD, twice the steps": (0.0, 2 * STEPS),
    "SAM, radius 0.05": (0.05, STEPS),
    "SAM, radius 0.2": (0.2, STEPS),
}


def _accuracy(rho: float, steps: int, wrong: float = WRONG) -> Tensor:
    """Test accuracy in per cent, `(learning rates, SEEDS)`; `rho` 0 is SGD."""
    generator = torch.Generator().manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    order = [torch.randperm(len(x), generator=generator) for _ in range(SEEDS)]
    train, test = torch.stack(order).split([TRAIN, len(x) - TRAIN], 1)
    given = y[train]
    noise = torch.rand(given.shape, generator=generator) < wrong
    given = torch.where(
        noise, torch.randint_like(given, 10, generator=generator), given
    )
    start = [
        torch.randn(SEEDS, n, k, generator=generator) / n**0.5
        for n, k in ((64, UNITS), (UNITS, 10))
    ]
    # All runs at once: the first two dimensions are learning rates and seeds.
    model = [w.repeat(len(RATES), 1, 1, 1).requires_grad_() for w in start]
    buffers = [torch.zeros_like(w) for w in model]
    rates = torch.tensor(RATES).view(-1, 1, 1, 1)

    def logits(index: Tensor) -> Tensor:
        return (x[index] @ model[0]).relu() @ model[1]

    def gradients(index: Tensor, target: Tensor) -> tuple[Tensor, ...]:
        target = target.expand(len(RATES), -1, -1)
        loss = F.cross_entropy(
            logits(index).flatten(0, 2), target.flatten(), reduction="sum"
        )
        return torch.autograd.grad(loss / BATCH, model)

    for t in range(steps):
        drawn = torch.randint(TRAIN, (SEEDS, BATCH), generator=generator)
        batch = train.gather(1, drawn), given.gather(1, drawn)
        g = gradients(*batch)
        with torch.no_grad():
            if rho:
                norm = sum(d.square().sum((2, 3), keepdim=True) for d in g).sqrt()
                uphill = [rho * d / (norm + 1e-12) for d in g]
                torch._foreach_add_(model, uphill)
                with torch.enable_grad():
                    g = gradients(*batch)
                torch._foreach_sub_(model, uphill)
            for w, m, d in zip(model, buffers, g, strict=True):
                w -= rates * (1 - t / steps) * m.mul_(0.9).add_(d)
    with torch.no_grad():
        right = logits(test).argmax(3) == y[test]
    return 100 * right.float().mean(2)


def figure() -> Figure:
    """Draw the accuracy against the learning rate for SGD and SAM."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for i, (name, (rho, steps)) in enumerate(RUNS.items()):
        right = _accuracy(rho, steps)
        # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
        mean, half = right.mean(1), 2.36 * right.std(1) / SEEDS**0.5
        style = {"marker": "os^v"[i], "markersize": 4, "ls": ["-", "--"][i > 1]}
        ax.errorbar(RATES, mean, half, label=name, **style)
    ax.set(xscale="log", xticks=RATES, xticklabels=RATES, ylim=(50, 95))
    ax.set(xlabel="learning rate, decayed linearly to 0", ylabel="test accuracy (%)")
    ax.set_title("Tuned alike, SGD and SAM reach the same accuracy")
    ax.minorticks_off()
    ax.legend(loc="lower center")
    return fig
