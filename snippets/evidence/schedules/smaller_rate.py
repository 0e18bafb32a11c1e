"""Overfitting at three learning rates: in equal steps, and at equal training loss."""

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

SEEDS, IMAGES, BATCH = 12, 150, 10
RATES = [0.06, 0.18, 0.54]
DROP = 270  # here 0.54 becomes 0.054: the test loss has been rising for a while
MARKS = [20, 40, 60, 80, 120, 160, 200, 270, 360, 485, 655, 885, 1200, 1600, 2400]
LINES = [*(f"{rate:g}" for rate in RATES), "0.54, then 0.054"]
DECAYS = [120, 160, 200, 270, 360, 485]  # lengths of 0.54 with linear decay to zero


def experiment(run: int) -> dict[str, Tensor]:
    """Losses of each line of the figure, `(line, mark, seed)`, and its best mark.

    150 digits, a fifth of the labels drawn at random; SGD at a constant rate. The last
    line begins as the third does and goes on with a tenth of the rate.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), held, test = digits(seeds, train=IMAGES, valid=300)
    chance = torch.Generator().manual_seed(run)
    wrong = torch.rand(y.shape, generator=chance) < 0.2
    y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
    rows = torch.randint(IMAGES, (MARKS[-1], SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    parts = {"training": (x, y), "validation": held, "test": test}
    seen = {name: [] for name in parts}
    for rates, schedule in ((RATES, _constant), (RATES[-1:], _dropped)):
        model = Stack(lambda: mlp([64, 32, 10]), seeds, [{"lr": lr} for lr in rates])
        marks = {name: [] for name in seen}

        def watch(step: int, model=model, marks=marks) -> None:
            if step in MARKS:
                with torch.no_grad():
                    for name, part in parts.items():
                        marks[name].append(model.run(_loss, *part))

        optimizer = torch.optim.SGD(model.groups())
        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches, schedule, watch=watch)
        for name, values in marks.items():
            seen[name].append(torch.stack(values, 1))
    scores = {name: torch.cat(lines).round(decimals=3) for name, lines in seen.items()}
    # When to stop is decided once for all seeds: their mean is enough.
    stop = scores.pop("validation").mean(2).argmin(1)
    scores["stop"] = stop[:, None].float()
    ends = {name: [] for name in ("validation", "test")}
    for steps in DECAYS:
        model = Stack(lambda: mlp([64, 32, 10]), seeds, [{"lr": RATES[-1]}])
        optimizer = torch.optim.SGD(model.groups())
        batches = ((x[each, row], y[each, row]) for row in rows[:steps])
        train(model, optimizer, _loss, batches, lambda step, n=steps: 1 - step / n)
        with torch.no_grad():
            for name, values in ends.items():
                values.append(model.run(_loss, *parts[name])[0])
    return scores | {f"decayed {name}": torch.stack(v) for name, v in ends.items()}


def _constant(step: int) -> float:
    return 1.0


def _dropped(step: int) -> float:
    return 1.0 if step < DROP else 0.1


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _at(scores: dict[str, Tensor], line: str, training: float) -> Tensor:
    """Test loss of each seed where its training loss first falls to `training`."""
    i = LINES.index(line)
    falls, test = scores["training"][i].log(), scores["test"][i]
    level = torch.tensor(training).log()
    after = (falls <= level).float().argmax(0)[None]
    high, low = falls.gather(0, after - 1), falls.gather(0, after)
    share = (high - level) / (high - low)
    before, later = test.gather(0, after - 1), test.gather(0, after)
    return (before + share * (later - before))[0]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    test, steps = scores["test"], MARKS.index(885)
    slow, _, fast, _ = (
        line[int(i)] for line, i in zip(test, scores["stop"][:, 0], strict=True)
    )
    decayed = tuned(scores["decayed validation"], scores["decayed test"], DECAYS)
    matched = _at(scores, "0.06", 0.3) - _at(scores, "0.54", 0.3)
    later, drop = test[3, -1] - test[3, MARKS.index(360)], test[3] - test[2]
    found = (
        ("885 steps: 0.06 - 0.54", test[0, steps] - test[2, steps], {"below": 0}),
        ("at training loss 0.3: 0.06 - 0.54", matched, {"above": -0.25, "below": 0.25}),
        ("0.54: decayed - stopped at its best", decayed - fast, {"below": 0}),
        (
            "0.54 decayed - 0.06 stopped at its best",
            decayed - slow,
            {"above": -0.1, "below": 0.1},
        ),
        ("885 steps: dropped - kept", drop[steps], {"below": 0}),
        ("dropped: 2400 - 360 steps", later, {"above": 0}),
    )
    return [Finding(what, interval(v), **bounds) for what, v, bounds in found]


LEAST = 0.01  # the smallest training loss that is drawn


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss against steps, and against training loss."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6.6))
    for i, line in enumerate(LINES):
        first = MARKS.index(DROP) if i == 3 else 0
        ends = [interval(v) for v in scores["test"][i, first:]]
        mean, low, high = torch.tensor(ends).T
        training = scores["training"][i, first:].mean(1)
        for panel, at in zip(
            panels, (torch.tensor(MARKS[first:]), training), strict=True
        ):
            x, y, under, over = (v[at >= LEAST] for v in (at, mean, low, high))
            panel.plot(x, y, ["-", "--"][i == 3], color=f"C{i}", label=line)
            panel.fill_between(x, under, over, color=f"C{i}", alpha=0.15, lw=0)
            panel.set(xscale="log", ylim=(0.5, 1.6), ylabel="test loss (nats)")
    decayed = [v.mean().item() for v in scores["decayed test"]]
    panels[0].plot(DECAYS, decayed, "kx", ms=5, label="0.54, decayed to 0")
    panels[0].set_xlabel("steps")
    panels[1].set_xlabel("training loss (nats), falling to the right")
    panels[1].set_xlim(1.5, LEAST)
    panels[0].set_title("A small rate overfits later, hardly less")
    fig.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncol=2
    )
    return fig
