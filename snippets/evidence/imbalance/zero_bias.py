"""Where the output bias starts, at one positive in a hundred: three activations."""

import math
from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.imbalance.clouds import FEATURES, _clouds, _precision
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, BATCH, HIDDEN, RARE, RATIO = 8, 128, 16, 200, 100
VALID, TEST = 5_000, 5_000  # negatives
STOPS = [50, 100, 200, 400, 800, 1500]
RATES = [1e-3, 6e-3, 3.6e-2]


class _Centred(nn.Module):
    """ReLU less its mean for normal inputs as wide as those of a new hidden layer."""

    def forward(self, x: Tensor) -> Tensor:
        wide = math.sqrt((FEATURES + 1) / (3 * FEATURES))
        return x.relu() - wide / math.sqrt(2 * math.pi)


ACTIVATIONS = {"ReLU": nn.ReLU, "ReLU less its mean": _Centred, "tanh": nn.Tanh}
STARTS = {"0": 0.0, "log prior": -math.log(RATIO)}


def experiment(run: int) -> dict[str, Tensor]:
    """Average precision on test data, `(steps, starts, seeds)`, of each activation."""
    return {name: _paths(kind, run) for name, kind in ACTIVATIONS.items()}


def _paths(activation: Callable[[], nn.Module], run: int) -> Tensor:
    seeds, count = range(1000 * run, 1000 * run + SEEDS), len(STARTS)
    x, held = (
        torch.stack([_clouds(RARE, size, 10 * seed + part) for seed in seeds])
        for part, size in enumerate((RARE * RATIO, VALID))
    )
    test = _clouds(TEST // 10, TEST, 10 * seeds[0] + 2).expand(SEEDS * count, -1, -1)
    each = torch.arange(SEEDS).repeat(count)
    model = Stack(
        lambda: mlp([FEATURES, HIDDEN, 1], activation),
        [*seeds] * count,
        [{"lr": lr} for lr in RATES],
    )
    start = torch.tensor([*STARTS.values()]).repeat_interleave(SEEDS)
    for weights in model.weights:
        weights[-1].data.copy_(start[:, None])
    chance = torch.Generator().manual_seed(run)
    rows = (STOPS[-1], SEEDS, BATCH)
    rows = torch.randint(RARE + RARE * RATIO, rows, generator=chance)
    batches = ((x[each[:, None], r], (r < RARE).float()) for r in rows[:, each])
    found = []

    @torch.no_grad()
    def watch(step: int) -> None:
        if step in STOPS:
            for data, rare in ((held[each], RARE), (test, TEST // 10)):
                found.append(_precision(model(data)[..., 0], rare, RATIO))

    optimizer = torch.optim.Adam(model.groups(), fused=True)
    train(model, optimizer, _loss, batches, watch=watch)
    found = torch.stack(found).view(len(STOPS), 2, len(RATES), count, SEEDS)
    valid, scores = found[-1, 0], found[:, 1].permute(1, 3, 0, 2)  # scores R, S, K, B
    best = [tuned(-valid[:, i], scores[..., i], RATES) for i in range(count)]
    return torch.stack(best).permute(2, 0, 1)


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(net(x)[:, 0], y)


def _cost(scores: dict[str, Tensor], name: str, stop: int) -> Tensor:
    """What starting at 0 costs in average precision after `stop` steps, negative."""
    zero, prior = scores[name][STOPS.index(stop)]
    return zero - prior


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    relu, centred, tanh = (_cost(scores, name, 400) for name in ACTIVATIONS)
    late = _cost(scores, "ReLU", STOPS[-1])
    what = "average precision, bias 0 - log prior"
    return [
        Finding(f"{what}, ReLU, 400 steps", interval(relu), below=-0.1),
        Finding(f"the same, step {STOPS[-1]} - 400", interval(late - relu), above=0.1),
        Finding("the same, tanh - ReLU, 400 steps", interval(tanh - relu), above=0.1),
        Finding(
            "the same, ReLU less its mean - ReLU, 400 steps",
            interval(centred - relu),
            above=0,
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Average precision against the step, for both starts of the bias."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 7.2), sharex=True, sharey=True)
    for panel, (name, paths) in zip(panels, scores.items(), strict=True):
        for i, (start, path) in enumerate(zip(STARTS, paths.unbind(1), strict=True)):
            mean, low, high = torch.tensor([interval(v) for v in path]).T
            panel.plot(STOPS, mean, f"C{i}o-", ms=3, label=f"bias starts at {start}")
            panel.fill_between(STOPS, low, high, color=f"C{i}", alpha=0.2, lw=0)
        panel.set_xscale("log")
        panel.minorticks_off()
        panel.set_xticks(STOPS, STOPS)
        panel.set_ylim(0, 0.75)
        panel.set_ylabel("average precision")
        panel.text(0.02, 0.86, name, transform=panel.transAxes)
    panels[0].legend(loc="lower right")
    panels[-1].set_xlabel("step of Adam, batch 128, one positive in a hundred")
    panels[0].set_title("A bias of 0 delays ReLU, and not tanh")
    return fig
