"""What MSE, Huber and L1 reach in a given number of steps, rate constant or decayed."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, BATCH, PARTS = 12, 32, [500, 200, 1000]
BUDGETS = [100, 200, 400]
RATES = {
    "SGD": [0.03, 0.1, 0.3, 1.0, 3.0],
    "Adam": [0.003, 0.01, 0.03, 0.1, 0.3],
}
LOSSES = {"MSE": F.mse_loss, "Huber": F.huber_loss, "L1": F.l1_loss}
SCHEDULES = ["constant", "decayed"]


def experiment(run: int) -> dict[str, Tensor]:
    """Distance to the truth, `(budget, loss, seed)`, by optimizer and schedule."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    data, truth = _data(run)
    chance = torch.Generator().manual_seed(run + 500)
    rows = torch.randint(PARTS[0], (BUDGETS[-1], SEEDS, BATCH), generator=chance)
    rows, each = rows.repeat(1, len(LOSSES), 1), torch.arange(len(truth))[:, None]
    pick = torch.eye(len(LOSSES)).repeat_interleave(SEEDS, 0)
    (x, y), held, (test, _) = data
    scores = {}
    for name, rates in RATES.items():
        for schedule in SCHEDULES:
            found = []
            for steps in BUDGETS:
                settings = [{"lr": lr} for lr in rates]
                model = Stack(_build, [*seeds] * len(LOSSES), settings)
                optimizer = getattr(torch.optim, name)(model.groups())
                batches = ((x[each, row], y[each, row], pick) for row in rows[:steps])

                def factor(step: int, steps: int = steps, how: str = schedule) -> float:
                    return 1 - step / steps if how == "decayed" else 1.0

                train(model, optimizer, _loss, batches, factor)
                with torch.no_grad():
                    mae = model.run(lambda net, x, y: F.l1_loss(net(x), y), *held)
                    error = (model(test) - truth).square().mean((2, 3)).sqrt()
                pairs = (v.unflatten(1, (-1, SEEDS)).unbind(1) for v in (mae, error))
                found += [tuned(v, e, rates) for v, e in zip(*pairs, strict=True)]
            found = torch.stack(found).unflatten(0, (len(BUDGETS), -1))
            scores[f"{name} {schedule}"] = found
    return scores


def _build() -> nn.Module:
    return mlp([4, 24, 1], nn.Tanh)


def _loss(net, x: Tensor, y: Tensor, pick: Tensor) -> Tensor:
    """The one of the losses that `pick` has a one for."""
    prediction = net(x)
    return pick @ torch.stack([loss(prediction, y) for loss in LOSSES.values()])


def _data(run: int) -> tuple[list[tuple[Tensor, Tensor]], Tensor]:
    """Inputs and targets `(loss * S, N, ...)` of each part; the truth of the last."""
    chance = torch.Generator().manual_seed(run)
    x = torch.randn(SEEDS, sum(PARTS), 4, generator=chance)
    way = 1.5 * F.normalize(torch.randn(SEEDS, 4, 2, generator=chance), dim=1)
    truth = torch.sin(x @ way).sum(2, keepdim=True)
    y = truth + 0.1 * torch.randn(truth.shape, generator=chance)
    x, y, truth = (v.repeat(len(LOSSES), 1, 1).split(PARTS, 1) for v in (x, y, truth))
    return list(zip(x, y, strict=True)), truth[-1]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; 0.05 of a target's unit would matter."""

    def change(name: str, loss: str, to: str = "MSE", budget: int = -1) -> tuple:
        found = dict(zip(LOSSES, scores[name].unbind(1), strict=True))
        return interval(found[loss][-1] - found[to][budget])

    return [
        *(
            Finding(f"400 steps, {name}: L1 - MSE", change(name, "L1"), above=0)
            for name in ("SGD constant", "SGD decayed", "Adam decayed")
        ),
        Finding(
            "Adam decayed: L1 after 400 steps - MSE after 200",
            change("Adam decayed", "L1", budget=1),
            -0.05,
            0.05,
        ),
        Finding(
            "400 steps, Adam decayed: Huber - MSE",
            change("Adam decayed", "Huber"),
            -0.05,
            0.05,
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Distance to the truth against the number of steps."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6.4), sharex=True, sharey=True)
    for panel, name in zip(panels, RATES, strict=True):
        for i, loss in enumerate(LOSSES):
            for j, schedule in enumerate(SCHEDULES):
                ends = [interval(v) for v in scores[f"{name} {schedule}"][:, i]]
                mean, low, high = torch.tensor(ends).T
                error = torch.stack([mean - low, high - mean])
                places = torch.arange(len(BUDGETS)) + 0.12 * (i - 1) + 0.04 * j
                style = {"color": f"C{i}", "marker": "osD"[i], "ls": (":", "-")[j]}
                label = f"{loss}, lr {schedule}"
                panel.errorbar(places, mean, error, ms=4, label=label, **style)
        panel.set_ylabel(f"{name}: distance to the truth")
        panel.set_ylim(0)
    panels[0].legend(loc="lower left", ncols=2)
    panels[1].set_xticks(range(len(BUDGETS)), BUDGETS)
    panels[1].set_xlabel("steps")
    panels[0].set_title("L1 is behind, whether the rate decays or not")
    return fig
