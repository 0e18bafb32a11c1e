"""The rate that a range test suggests, against the best of a fine grid."""

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
from snippets.evidence.method.tuned import tuned
from snippets.training.learning_rate.suggest_lr import suggest_lr

SEEDS, STEPS, BATCH = 12, 200, 32
RAMP = torch.logspace(-6, 2, 100)  # rates of the test
GRID = torch.logspace(-3, 1, 17)  # rates of the trainings, four a decade
KINDS = {  # optimizer, its options, and what the pixels are multiplied by
    "SGD": ("SGD", {}, 1),
    "SGD, momentum 0.9": ("SGD", {"momentum": 0.9}, 1),
    "Adam": ("Adam", {}, 1),
    "SGD, pixels times 16": ("SGD", {}, 16),
}
RULES = ["steepest", "minimum", "valley"]
BLIND = [0.01, 0.1, 1.0]  # three rates for any optimizer, without a test


def experiment(run: int) -> dict[str, Tensor]:
    """Wrong test digits by rate, and the rates read, for each optimizer.

    Trainings have a linear decay. A test ends where its smoothed loss is 4 times its
    lowest, as `lr_range_test` does.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), held, test = digits(seeds)
    chance = torch.Generator().manual_seed(run)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for name, (kind, options, scale) in KINDS.items():

        def fit(rates, steps, schedule, kind=kind, options=options, scale=scale):
            settings = [{"lr": float(lr), **options} for lr in rates]
            model = Stack(lambda: mlp([64, 16, 10]), seeds, settings)
            optimizer = getattr(torch.optim, kind)(model.groups())
            rows = torch.randint(x.shape[1], (steps, SEEDS, BATCH), generator=chance)
            batches = ((scale * x[each, row], y[each, row]) for row in rows)
            return model, train(model, optimizer, _loss, batches, schedule)

        model, _ = fit(GRID, STEPS, lambda step: 1 - step / STEPS)
        with torch.no_grad():
            for part, (images, labels) in (("validation", held), ("test", test)):
                wrong = model.run(_wrong, scale * images, labels)
                scores[f"{name}: {part}"] = wrong.round(decimals=1)
        losses = fit([1.0], len(RAMP), lambda step: float(RAMP[step]))[1]
        tests = [_until_it_blows(seed) for seed in losses[:, 0].T.tolist()]
        scores[f"{name}: read"] = torch.tensor(
            [[suggest_lr(*test, rule) for test in tests] for rule in RULES]
        )
    return scores


def _until_it_blows(losses: list[float]) -> tuple[list[float], list[float]]:
    smooth, lowest, end = losses[0], losses[0], 0
    while end < len(losses) and smooth <= 4 * lowest:
        smooth = 0.9 * smooth + 0.1 * losses[end]
        lowest = min(lowest, smooth)
        end += 1
    return RAMP[:end].tolist(), losses[:end]


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _wrong(net, x: Tensor, y: Tensor) -> Tensor:
    return 100 * (net(x).argmax(-1) != y).float().mean()


def _lost(scores: dict[str, Tensor], name: str) -> dict[str, Tensor]:
    """Points lost against the best rate for all seeds, by way to choose, `(seed,)`."""
    held, test, read = (scores[f"{name}: {k}"] for k in ("validation", "test", "read"))
    best = tuned(held, test, GRID.tolist())
    near = (read.log()[..., None] - GRID.log()).abs().argmin(-1)  # on the grid
    ways = {rule: near[i][None] for i, rule in enumerate(RULES)}
    middle = near[RULES.index("minimum")]
    ways["three around"] = torch.stack([middle - 2, middle, middle + 2])
    blind = [int((GRID - rate).abs().argmin()) for rate in BLIND]
    ways["blind three"] = torch.tensor(blind)[:, None].expand(-1, SEEDS)
    lost = {}
    for way, rows in ways.items():
        rows = rows.clamp(0, len(GRID) - 1)
        chosen = held.gather(0, rows).argmin(0, keepdim=True)  # by this seed alone
        lost[way] = test.gather(0, rows.gather(0, chosen))[0] - best
    return lost


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    lost = [_lost(scores, name) for name in KINDS]
    mean = {way: torch.stack([one[way] for one in lost]).mean(0) for way in lost[0]}
    few = (lost[1]["minimum"] + lost[2]["minimum"]) / 2
    return [
        Finding("steepest fall", interval(mean["steepest"]), above=0),
        Finding("a tenth of the minimum", interval(mean["minimum"]), above=1),
        Finding("the same, momentum and Adam only", interval(few), below=2),
        Finding("valley", interval(mean["valley"]), above=2),
        Finding(
            "best of three around a tenth of the minimum",
            interval(mean["three around"]),
            below=2,
        ),
        Finding("best of 0.01, 0.1 and 1", interval(mean["blind three"]), below=2),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Points lost by each way to choose, for each optimizer."""
    fig, ax = plt.subplots(figsize=(5.5, 5.6))
    labels = [*RULES, "best of three\naround it", "best of 0.01,\n0.1 and 1"]
    labels[1] = "a tenth of\nthe minimum"
    for i, name in enumerate(KINDS):
        lost = list(_lost(scores, name).values())
        mean, low, high = torch.tensor([interval(v) for v in lost]).T
        rows = torch.arange(len(lost)) + 0.18 * i - 0.27
        for row, seeds in zip(rows, lost, strict=True):
            ax.plot(seeds, row.expand(SEEDS), ".", color=f"C{i}", ms=3, alpha=0.4)
        ax.hlines(rows, low, high, color=f"C{i}", lw=2)
        ax.plot(mean, rows, "os^D"[i], color=f"C{i}", ms=5, label=name)
    ax.set_yticks(range(len(labels)), labels)
    ax.invert_yaxis()
    ax.set_xscale("symlog", linthresh=2)
    ax.set_xticks([-1, 0, 1, 2, 5, 10, 20, 50], [-1, 0, 1, 2, 5, 10, 20, 50])
    ax.set_xlim(-2, 90)
    ax.set_xlabel("points lost against the best rate of a fine grid")
    ax.set_title("A range test needs a small grid around it")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncol=2)
    return fig
