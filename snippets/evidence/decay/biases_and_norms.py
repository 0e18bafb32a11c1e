"""AdamW that decays everything, or spares norms, or spares norms and biases."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH = 16, 250, 50
RATES = [1e-2, 3e-2]
DECAYS = [0.01, 0.1, 0.3, 1.0, 3.0]
SPARED = {"none": "", "norms": "1.", "norms and biases": "1. bias"}


def experiment(run: int) -> dict[str, Tensor]:
    """Test and validation loss, `(rate, decay, seed)` for each choice of what to spare.

    200 digits of 4 x 4 pixels, a fifth of the labels drawn at random; LayerNorm.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), *held = (
        (F.avg_pool2d(x.unflatten(-1, (8, 8)), 2).flatten(-2), y)
        for x, y in digits(seeds, train=200, valid=300)
    )
    chance = torch.Generator().manual_seed(run)
    wrong = torch.rand(y.shape, generator=chance) < 0.2
    y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
    rows = torch.randint(y.shape[1], (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, parts in SPARED.items():
        settings = [{"lr": lr, "weight_decay": wd} for lr in RATES for wd in DECAYS]
        model = Stack(_build, seeds, settings)
        optimizer = torch.optim.AdamW(_groups(model, parts.split()))
        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches, lambda step: 1 - step / STEPS)
        with torch.no_grad():
            for part, data in zip(("validation", "test"), held, strict=True):
                loss = model.run(_loss, *data).view(len(RATES), len(DECAYS), SEEDS)
                scores[f"{name} {part}"] = loss
    return scores


def _build() -> nn.Module:
    return mlp([16, 24, 10], norm=nn.LayerNorm)


def _groups(model: Stack, parts: list[str]) -> list[dict]:
    """Two groups for each setting; parameters with a part in their name are spared."""
    groups = []
    for group in model.groups():
        named = list(zip(model.names, group["params"], strict=True))
        spared = [p for name, p in named if any(part in name for part in parts)]
        decayed = [p for name, p in named if not any(part in name for part in parts)]
        groups.append({**group, "params": decayed})
        if spared:
            groups.append({**group, "params": spared, "weight_decay": 0.0})
    return groups


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _change(scores: dict[str, Tensor], name: str = "norms and biases") -> Tensor:
    """Test loss minus that of decay on everything, `(rate, decay, seed)`."""
    return scores[f"{name} test"] - scores["none test"]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; a difference of 0.05 nats would matter."""
    low, high = _change(scores)
    usual, some, huge = (DECAYS.index(decay) for decay in (0.1, 0.3, 3.0))
    all_, both = (
        tuned(scores[f"{name} validation"][1], scores[f"{name} test"][1], DECAYS)
        for name in ("none", "norms and biases")
    )
    biases = low[huge] - _change(scores, "norms")[0, huge]
    what = "test loss, norms and biases spared - all decayed"
    return [
        Finding(f"{what}: lr 0.01, decay 0.1", interval(low[usual]), -0.05, 0.05),
        Finding("the same, decay 3", interval(low[huge]), below=-0.3),
        Finding(
            "lr 0.01, decay 3: norms and biases spared - norms spared",
            interval(biases),
            -0.05,
            0.05,
        ),
        Finding(
            f"{what}: lr 0.03, mean of decays 0.1 and 0.3",
            interval(high[[usual, some]].mean(0)),
            above=0,
        ),
        Finding("the same, decay tuned for each", interval(both - all_), -0.05, 0.05),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss against decay, and what sparing norms and biases changes."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 6.4), sharex=True)
    for i, name in enumerate(SPARED):
        style = {"color": f"C{i}", "ls": ("-", "--", ":")[i], "marker": "osD"[i]}
        label = f"spared: {name}"
        _draw(top, scores[f"{name} test"][1], 0.1 * (i - 1), label=label, **style)
    for i, rate in enumerate(RATES):
        style = {"color": f"C{i + 3}", "marker": "^v"[i], "ls": ("-", "--")[i]}
        change = _change(scores)[i]
        _draw(bottom, change, 0.1 * (i - 0.5), label=f"lr {rate:g}", **style)
    top.legend(loc="upper left")
    top.set_ylabel("test loss at lr 0.03 (nats)")
    top.set_title("It matters where the decay is huge")
    bottom.axhline(0, color="C5", lw=1)
    bottom.set_ylim(-0.16, 0.08)
    ends = ", ".join(f"{v:.2f}" for v in _change(scores)[:, -1].mean(1))
    bottom.annotate(f"at 3: {ends}", (0.9, -0.15))
    bottom.legend(loc="lower left")
    bottom.set_ylabel("norms and biases spared - none")
    bottom.set_xticks(range(len(DECAYS)), [f"{d:g}" for d in DECAYS])
    bottom.set_xlabel("weight_decay of AdamW")
    return fig


def _draw(ax: plt.Axes, values: Tensor, shift: float, **style) -> None:
    mean, low, high = torch.tensor([interval(v) for v in values]).T
    places = torch.arange(len(values)) + shift
    error = torch.stack([mean - low, high - mean])
    ax.errorbar(places, mean, error, ms=4, capsize=2, **style)
