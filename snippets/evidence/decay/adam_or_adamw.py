"""Adam with an L2 penalty against AdamW, each on a grid of rates and decays."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train

SEEDS, STEPS, BATCH = 12, 400, 50
RATES = [3e-3, 1e-2]
DECAYS = {  # six each, from nothing to too much
    "Adam": [0.0, 1e-3, 3e-3, 1e-2, 2e-2, 4e-2],
    "AdamW": [0.0, 0.1, 0.3, 1.0, 2.0, 4.0],
}


def experiment(run: int) -> dict[str, Tensor]:
    """Test and validation loss of each optimizer, `(rate, decay, seed)`.

    150 digits, a fifth of the labels drawn at random, so that there is noise to fit.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), held, test = digits(seeds, train=150, valid=300)
    chance = torch.Generator().manual_seed(run)
    wrong = torch.rand(y.shape, generator=chance) < 0.2
    y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
    rows = torch.randint(150, (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, decays in DECAYS.items():
        settings = [{"lr": lr, "weight_decay": wd} for lr in RATES for wd in decays]
        model = Stack(lambda: mlp([64, 32, 10]), seeds, settings)
        optimizer = getattr(torch.optim, name)(model.groups())
        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches)
        with torch.no_grad():
            for part, data in (("validation", held), ("test", test)):
                loss = model.run(_loss, *data).view(len(RATES), len(decays), SEEDS)
                scores[f"{name} {part}"] = loss
    return scores


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _tuned(scores: dict[str, Tensor], name: str) -> Tensor:
    """Test loss at the rate and the decay that validation prefers, `(S,)`."""
    best = scores[f"{name} validation"].mean(2).flatten().argmin()
    return scores[f"{name} test"].flatten(0, 1)[best]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    adam, adamw = (_tuned(scores, name) for name in DECAYS)
    none = scores["AdamW test"][:, 0]
    best = scores["AdamW validation"][:, 0].mean(1).argmin()
    return [
        Finding("test loss, AdamW - Adam", interval(adamw - adam), -0.05, 0.05),
        Finding("test loss, AdamW - no decay", interval(adamw - none[best]), below=0),
        Finding("test loss, Adam - no decay", interval(adam - none[best]), below=0),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss against decay, a line for each rate."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 5.6), sharey=True)
    for panel, (name, decays) in zip(panels, DECAYS.items(), strict=True):
        for i, rate in enumerate(RATES):
            ends = [interval(v) for v in scores[f"{name} test"][i]]
            mean, low, high = torch.tensor(ends).T
            panel.plot(mean, marker="o", ms=3, label=f"lr {rate:g}")
            panel.fill_between(range(len(decays)), low, high, color=f"C{i}", alpha=0.2)
        panel.set_xticks(range(len(decays)), [f"{d:g}" for d in decays])
        panel.set_xlabel(f"weight_decay of {name}")
        panel.set_ylabel("test loss (nats)")
        panel.set_ylim(0.5, 1.3)
        panel.legend()
    panels[0].set_title("Adam and AdamW reach the same loss")
    return fig
