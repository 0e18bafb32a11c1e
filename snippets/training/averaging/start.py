"""How long an average remembers the weights it started from."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from snippets.training.averaging.constant_or_decay import _digits
from snippets.training.averaging.warm_ema import warm_ema
from snippets.training.reproducibility.stacked_mlp import StackedMLP

SEEDS, BATCH, STEPS, TRAIN = 8, 16, 400, 1000
KINDS = {
    "EMA 0.999": get_ema_multi_avg_fn(0.999),
    "EMA 0.99": get_ema_multi_avg_fn(0.99),
    "EMA 0.999, warmed up": warm_ema(0.999),
}


def _losses() -> tuple[list[int], dict[str, torch.Tensor]]:
    """Held-out NLL while training, `(steps, seeds)`."""
    x, y = _digits()
    chance = torch.Generator().manual_seed(0)
    model = StackedMLP((64, 32, 10), SEEDS, generator=chance)
    nets = {k: AveragedModel(model, multi_avg_fn=f) for k, f in KINDS.items()}
    nets["last weights"] = model
    optimizer = torch.optim.SGD(model.parameters(), lr=0.04, momentum=0.9)
    steps, found = [], {name: [] for name in nets}
    for step in range(STEPS + 1):
        if step % 10 == 0:
            steps.append(step)
            for name, net in nets.items():
                with torch.no_grad():
                    logits = net(x[TRAIN:])
                target = y[TRAIN:].expand(SEEDS, -1)
                nll = F.cross_entropy(logits.mT, target, reduction="none").mean(1)
                found[name].append(nll)
        for name in KINDS:
            nets[name].update_parameters(model)
        index = torch.randint(TRAIN, (SEEDS, BATCH), generator=chance)
        optimizer.zero_grad()
        (SEEDS * F.cross_entropy(model(x[index]).mT, y[index])).backward()
        optimizer.step()
    return steps, {name: torch.stack(rows) for name, rows in found.items()}


def figure() -> Figure:
    """Draw the held-out loss of the weights and of three averages."""
    steps, found = _losses()
    fig, ax = plt.subplots()
    for name, colour in zip(found, ("C1", "C3", "C0", "C5"), strict=True):
        nll = found[name]
        mean, half = nll.mean(1), 2.36 * nll.std(1) / SEEDS**0.5  # 95 %
        ax.plot(steps, mean, color=colour, label=name)
        ax.fill_between(steps, mean - half, mean + half, color=colour, alpha=0.15, lw=0)
    ax.legend()
    ax.set(yscale="log", xlabel="step", ylabel="held-out NLL (nats)")
    ax.set_yticks([0.1, 0.2, 0.5, 1, 2], ["0.1", "0.2", "0.5", "1", "2"])
    ax.minorticks_off()
    ax.set_title("A long average begins as the random start")
    return fig
