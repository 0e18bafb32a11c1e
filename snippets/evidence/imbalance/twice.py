"""Class weights and balanced sampling, one of them or both."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.imbalance.clouds import (
    FEATURES,
    RARE,
    TEST,
    _clouds,
    _judge,
    _precision,
)
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, BATCH, HIDDEN = 8, 128, 16
COMMON, VALID = 20_000, 5_000  # negatives
STEPS = {10: 400, 100: 1000, 1000: 1600}  # for each number of negatives to a positive
RATES = [2e-4, 1e-3, 7e-3, 5e-2, 0.35, 2.5]
METHODS = {  # start of the bias over the log prior, weighs positives, gamma, draws
    "neither": (1, False, 0, "all"),
    "class weights": (0, True, 0, "all"),
    "oversampling": (0, False, 0, "over"),
    "weights and oversampling": (0, True, 0, "over"),
    "both, bias fitted": (-1, True, 0, "over"),
    "focal loss and oversampling": (0, False, 2, "over"),
}
NEITHER, WEIGHTS, OVER, BOTH, FITTED, FOCAL = range(6)


def experiment(run: int) -> dict[str, Tensor]:
    """What each method reaches at its best rate, `(ratios, methods, seeds)`."""
    found = [_fit(METHODS, ratio, run, RATES) for ratio in (10, 100)]
    return {name: torch.stack([f[name] for f in found]) for name in found[0]}


def _fit(methods: dict, ratio: int, run: int, space: list) -> dict[str, Tensor]:
    """Train by each method at all rates; scores of the best, `(methods, seeds)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    rare, many = COMMON // ratio, len(methods)
    x, held = (
        torch.stack([_clouds(rare, count, 10 * seed + part) for seed in seeds])
        for part, count in enumerate((COMMON, VALID))
    )
    start, weigh, gammas, drawn = zip(*methods.values(), strict=True)
    settings = [{"lr": lr} for lr in space]
    model = Stack(lambda: mlp([FEATURES, HIDDEN, 1]), [*seeds] * many, settings)
    prior = -math.log(ratio) * torch.tensor(start).repeat_interleave(SEEDS)
    for weights in model.weights:
        weights[-1].data += prior[:, None]
    gamma = torch.tensor(gammas).float().repeat_interleave(SEEDS)
    weight = torch.tensor([ratio if w else 1.0 for w in weigh]).repeat_interleave(SEEDS)
    each = torch.arange(SEEDS).repeat(many)[:, None]
    found, kept = [], []

    def batches():
        chance = torch.Generator().manual_seed(run)
        for _ in range(STEPS[ratio]):
            ends = (0, rare), (rare, rare + COMMON), (0, rare + COMMON)
            some, other, every = (
                torch.randint(*end, (SEEDS, BATCH), generator=chance) for end in ends
            )
            coin = torch.rand(SEEDS, BATCH, generator=chance) < 0.5
            rows = {"all": every, "over": torch.where(coin, some, other)}
            row = torch.cat([rows[name] for name in drawn])
            hit = row < rare
            pull = torch.where(hit, weight[:, None], 1.0)
            yield x[each, row], 2.0 * hit - 1, pull, gamma

    @torch.no_grad()
    def watch(step: int) -> None:
        if step * 8 / STEPS[ratio] in (1, 2, 4, 8):
            found.append(_precision(model(held[each[:, 0]])[..., 0], rare, ratio))
            kept.append([torch.stack(w) for w in zip(*model.weights, strict=True)])

    optimizer = torch.optim.Adam(model.groups(), fused=True)
    train(model, optimizer, _loss, batches(), watch=watch)
    test = _clouds(RARE, TEST, 10 * seeds[0] + 2)
    found = torch.stack(found).view(-1, len(space), many, SEEDS)
    scores = []
    for m, (_, weighs, _, draws) in enumerate(methods.values()):
        stop = found[:, :, m].mean(-1).argmax(0)
        rates = torch.arange(len(space))
        index = rates[:, None].expand(-1, SEEDS)
        best = tuned(-found[stop, rates, m], index, space)[0]
        undo = math.log(ratio) * (weighs + (draws != "all"))
        for s in range(SEEDS):
            net = [p[best, m * SEEDS + s] for p in kept[stop[best]]]
            z, valid = (_net(net, data) for data in (test, held[s]))
            scores.append(torch.stack(_judge(z, valid, rare, ratio, undo)))
    scores = torch.stack(scores).view(many, SEEDS, -1).unbind(-1)
    names = "precision", "at 0.5", "tuned", "nll", "undone"
    return dict(zip(names, scores, strict=True))


def _loss(net, x: Tensor, sign: Tensor, weight: Tensor, gamma: Tensor) -> Tensor:
    """Weighted focal loss; gamma 0 is cross-entropy."""
    log_p = F.logsigmoid(net(x)[:, 0] * sign)
    return -(weight * (1 - log_p.exp()) ** gamma * log_p).mean()


def _net(p: list[Tensor], x: Tensor) -> Tensor:
    return F.linear(F.linear(x, p[0], p[1]).relu(), p[2], p[3])[:, 0]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on, all at 1:100."""

    def minus(name: str, one: int, other: int) -> tuple[float, float, float]:
        return interval(scores[name][1, one] - scores[name][1, other])

    fitted = minus("precision", FITTED, BOTH)
    rank, cut = "average precision", "balanced accuracy at 0.5"
    focal = [minus(name, FOCAL, OVER) for name in ("precision", "at 0.5")]
    return [
        Finding(
            f"{rank}, both - oversampling", minus("precision", BOTH, OVER), below=0
        ),
        Finding(f"{cut}, both - oversampling", minus("at 0.5", BOTH, OVER), below=0),
        Finding("NLL, both - oversampling", minus("nll", BOTH, OVER), above=0.3),
        Finding(f"{rank}, both with their bias - both", fitted, above=0),
        Finding(f"{rank}, oversampling, with focal - without", focal[0], -0.05, 0.05),
        Finding(f"{cut}, oversampling, with focal - without", focal[1], -0.02, 0.02),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Ranking, decisions and calibration, a row for each method."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 8.4), layout="constrained")
    names = "average precision", "balanced accuracy at 0.5", "NLL (nats)"
    metrics = "precision", "at 0.5", "nll"
    for panel, name, metric in zip(panels, names, metrics, strict=True):
        for i, ratio in enumerate((10, 100)):
            ends = [interval(v) for v in scores[metric][i]]
            mean, low, high = torch.tensor(ends).T
            bars = torch.stack([mean - low, high - mean])
            row = -torch.arange(len(METHODS)) - 0.2 * i
            panel.errorbar(mean, row, xerr=bars, fmt="o", ms=4, label=f"1:{ratio}")
        labels = [label.replace(" and ", "\nand ") for label in METHODS]
        panel.set_yticks(-torch.arange(len(METHODS)) - 0.1, labels)
        panel.set_xlabel(name)
    panels[2].legend(loc="upper right")
    panels[2].set_xlim(left=0)
    panels[0].set_title("Two corrections are worse than one")
    return fig
