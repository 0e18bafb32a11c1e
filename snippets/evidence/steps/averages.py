"""The last weights against their averages, at a constant and at a decayed rate."""

from collections.abc import Callable

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.characters import characters
from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH, CONTEXT = 8, 500, 16, 3
HALF_LIFE = STEPS // 10  # of the EMA
START = STEPS * 3 // 4  # of the SWA, a plain mean from there on
RATES = {
    "digits, SGD": [0.01, 0.02, 0.04, 0.08, 0.16, 0.32],
    "characters, Adam": [0.003, 0.01, 0.03, 0.1],
}
SCHEDULES: dict[str, Callable[[int], float]] = {
    "constant": lambda step: 1.0,
    "decayed": lambda step: 1 - step / STEPS,
}
WAYS = ["last weights", "EMA", "SWA"]


class _Next(nn.Module):
    """The next character from the three before it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Parameter(0.5 * torch.randn(CONTEXT, 70, 32))
        self.head = nn.Linear(32, 70)

    def forward(self, x: Tensor) -> Tensor:
        seen = self.embedding[torch.arange(CONTEXT), x].sum(-2)
        return self.head(seen.tanh())


class _Averages:
    """Averages of a stack's weights, brought up to date after each step."""

    def __init__(self, model: Stack) -> None:
        self.weights = [p for group in model.weights for p in group]
        self.of = {way: [p.detach().clone() for p in self.weights] for way in WAYS}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """`step` counts from 1."""
        shares = {
            "last weights": 1.0,
            "EMA": max(1 - 0.5 ** (1 / HALF_LIFE), min(1.0, 5 / step)),  # warmed up
            "SWA": 1 / max(1, step - START),
        }
        for way, share in shares.items():
            torch._foreach_lerp_(self.of[way], self.weights, share)


def _data(task: str, seeds: range, chance: torch.Generator) -> tuple:
    """Batches, validation data and test data of each seed."""
    if task.startswith("digits"):
        (x, y), held, test = digits(seeds)
        wrong = torch.rand(y.shape, generator=chance) < 0.2
        y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
        rows = torch.randint(len(y[0]), (STEPS, SEEDS, BATCH), generator=chance)
        each = torch.arange(SEEDS)[:, None]
        return [(x[each, row], y[each, row]) for row in rows], held, test
    text, rest = characters()

    def draw(text: Tensor, *shape: int) -> tuple[Tensor, Tensor]:
        start = torch.randint(len(text) - CONTEXT, (*shape, 1), generator=chance)
        windows = text[start + torch.arange(CONTEXT + 1)]
        return windows[..., :-1], windows[..., -1]

    held = [draw(part, SEEDS, 1000) for part in rest.tensor_split(2)]
    return list(zip(*draw(text, STEPS, SEEDS, BATCH), strict=True)), *held


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def experiment(run: int) -> dict[str, Tensor]:
    """Losses of each task, schedule and way, `(rate, seed)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    chance = torch.Generator().manual_seed(run)
    scores = {}
    for task, rates in RATES.items():
        batches, held, test = _data(task, seeds, chance)
        build = _Next if task.startswith("char") else lambda: mlp([64, 16, 10])
        for name, schedule in SCHEDULES.items():
            model = Stack(build, seeds, [{"lr": rate} for rate in rates])
            if task.endswith("SGD"):
                optimizer = torch.optim.SGD(model.groups(), momentum=0.9)
            else:
                optimizer = torch.optim.Adam(model.groups())
            averages = _Averages(model)
            train(model, optimizer, _loss, batches, schedule, watch=averages.update)
            with torch.no_grad():
                for way, average in averages.of.items():
                    torch._foreach_copy_(averages.weights, average)
                    for part, data in (("validation", held), ("test", test)):
                        loss = model.run(_loss, *data)
                        scores[f"{task}, {name}, {way}, {part}"] = loss
    return scores


def _best(scores: dict[str, Tensor], task: str, name: str) -> Tensor:
    """Test loss at the rate that validation prefers, `(S,)`."""
    held, test = (scores[f"{task}, {name}, {part}"] for part in ("validation", "test"))
    return tuned(held, test, RATES[task])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    found = []
    for task in RATES:
        last, ema = (_best(scores, task, f"constant, {way}") for way in WAYS[:2])
        decayed, both = (_best(scores, task, f"decayed, {way}") for way in WAYS[:2])
        what = f"{task}: EMA - last"
        found += [
            Finding(f"{what}, both constant", interval(ema - last), below=0),
            Finding(f"{what}, both decayed", interval(both - decayed), -0.03, 0.03),
            Finding(f"{what}, constant - decayed", interval(ema - decayed), -0.1, 0.02),
        ]
    return found


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss against the rate, a line for each schedule and way."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6.6))
    lines = {
        "constant, last weights": "C1",
        "constant, EMA": "C0",
        "constant, SWA": "C3",
        "decayed, last weights": "C2",
        "decayed, EMA": "C5",
    }
    for panel, (task, rates) in zip(panels, RATES.items(), strict=True):
        for name, colour in lines.items():
            losses = scores[f"{task}, {name}, test"].nan_to_num(99)
            mean, low, high = zip(*map(interval, losses), strict=True)
            panel.plot(rates, mean, "o-", ms=3, color=colour, label=name)
            panel.fill_between(rates, low, high, color=colour, alpha=0.15)
        panel.set(xscale="log", xlabel=f"learning rate: {task}")
        panel.set_ylabel("test loss (nats)")
        panel.set_xticks(rates, [f"{rate:g}" for rate in rates])
        panel.minorticks_off()
    panels[0].set_ylim(0.3, 1)
    panels[1].set_ylim(1.9, 2.9)
    panels[0].legend()
    panels[0].set_title("Averaging does the work of the decay")
    return fig
