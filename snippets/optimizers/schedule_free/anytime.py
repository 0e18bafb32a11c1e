"""Schedule-Free, AdamW constant, decayed and averaged, at equal learning rates."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.optimizers.schedule_free.schedule_free_adamw import ScheduleFreeAdamW

SEEDS, BATCH, UNITS = 8, 8, 16
RATES = [0.005, 0.01, 0.02, 0.04, 0.08]
LOOKS = [20, 40, 80, 160]


def _losses(name: str, steps: int = LOOKS[-1]) -> dict[str, Tensor]:
    """Test loss at each look up to `steps`, `(looks, learning rates, SEEDS)`."""
    generator = torch.Generator().manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    x, y = torch.tensor(images / 16, dtype=torch.float32), torch.tensor(labels)
    order = [torch.randperm(len(x), generator=generator) for _ in range(SEEDS)]
    train, test = torch.stack(order).split([1397, 400], 1)
    shapes = ((64, UNITS, 1.0), (UNITS, 10, 1.0))
    start = [
        torch.randn(SEEDS, n, k, generator=generator) * gain / n**0.5
        for n, k, gain in shapes
    ]
    # Elementwise optimizers train all seeds at once: one group for each rate.
    models = [[w.clone().requires_grad_() for w in start] for _ in RATES]
    groups = [{"params": m, "lr": lr} for m, lr in zip(models, RATES, strict=True)]
    make = ScheduleFreeAdamW if name == "Schedule-Free" else torch.optim.AdamW
    optimizer = make(groups, weight_decay=0.0)
    decay = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, steps)
    average = [[w.detach().clone() for w in m] for m in models]

    def losses(index: Tensor, weights: list[list[Tensor]]) -> Tensor:
        first, second = (torch.stack(ws) for ws in zip(*weights, strict=True))
        z = (x[index] @ first).tanh() @ second
        target = y[index].expand(len(RATES), -1, -1)
        loss = F.cross_entropy(z.flatten(0, 2), target.flatten(), reduction="none")
        return loss.view(target.shape).mean(2)

    seen = {name: []} | ({"EMA": []} if name == "constant" else {})
    for t in range(1, steps + 1):
        drawn = torch.randint(1397, (SEEDS, BATCH), generator=generator)
        optimizer.zero_grad()
        losses(train.gather(1, drawn), models).sum().backward()
        optimizer.step()
        if name == "linear decay":
            decay.step()
        if "EMA" in seen:
            for mean, model in zip(average, models, strict=True):
                torch._foreach_lerp_(mean, model, max(0.05, 1 / t))
        if t in LOOKS:
            if name == "Schedule-Free":
                optimizer.eval()
            with torch.no_grad():
                for kind, looks in seen.items():
                    looks.append(losses(test, average if kind == "EMA" else models))
            if name == "Schedule-Free":
                optimizer.train()
    return {kind: torch.stack(looks) for kind, looks in seen.items()}


def _compare() -> dict[str, Tensor]:
    """Losses at each look; decayed, each look is the end of a run of its own."""
    ends = [_losses("linear decay", n)["linear decay"][-1] for n in LOOKS]
    found = {"linear decay": torch.stack(ends)}
    return _losses("constant") | found | _losses("Schedule-Free")


def figure() -> Figure:
    """Draw the loss at the end against the rate, and over time at the best rate."""
    fig, (top, bottom) = plt.subplots(2, figsize=(5.5, 6.2))
    for i, (name, loss) in enumerate(_compare().items()):
        best = loss[-1].mean(1).argmin()
        style = {"color": f"C{i}", "marker": "osv^"[i], "markersize": 4, "label": name}
        for ax, at, runs in ((top, RATES, loss[-1]), (bottom, LOOKS, loss[:, best])):
            # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
            mean, half = runs.mean(1), 2.36 * runs.std(1) / SEEDS**0.5
            ax.errorbar(at, mean, half, ls=["-", "--", ":", "-"][i], **style)
    for ax, at in ((top, RATES), (bottom, LOOKS)):
        ax.set(xscale="log", yscale="log", ylabel="test loss (nats)")
        ax.set(xticks=at, xticklabels=at, yticks=[0.2, 0.5, 1, 2])
        ax.set_yticklabels(["0.2", "0.5", "1", "2"])
        ax.minorticks_off()
    top.set(xlabel=f"learning rate, after {LOOKS[-1]} steps")
    bottom.set(xlabel="steps, each line at its best rate")
    top.set_title("Schedule-Free beats the decay, and an EMA nearly matches it")
    top.legend()
    return fig
