"""The usual weight decays in runs of three lengths, and stronger ones."""

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

SEEDS, BATCH = 8, 25
LENGTHS = [75, 300, 1200]  # the rate is constant: a short run is a part of a long one
RATES = {"SGD": [0.1], "Adam": [8e-3], "AdamW": [2e-3, 8e-3]}
DECAYS = {  # none, the usual one, and stronger ones
    "SGD": [0.0, 1e-4, 1e-3, 3e-3, 1e-2],
    "Adam": [0.0, 1e-4, 1e-3, 3e-3, 1e-2],
    "AdamW": [0.0, 0.01, 0.04, 0.16, 0.64],
}


def experiment(run: int) -> dict[str, Tensor]:
    """Losses and the norm of the weights, `(length, rate, decay, seed)`.

    150 digits of 4 x 4 pixels, a fifth of the labels drawn at random.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), *held = (
        (F.avg_pool2d(x.unflatten(-1, (8, 8)), 2).flatten(-2), y)
        for x, y in digits(seeds, train=150, valid=300)
    )
    chance = torch.Generator().manual_seed(run)
    wrong = torch.rand(y.shape, generator=chance) < 0.2
    y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
    rows = torch.randint(y.shape[1], (LENGTHS[-1], SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores: dict[str, list] = {}
    for name, decays in DECAYS.items():
        rates = RATES[name]
        settings = [{"lr": lr, "weight_decay": wd} for lr in rates for wd in decays]
        model = Stack(lambda: mlp([16, 32, 10]), seeds, settings)
        options = {"momentum": 0.9} if name == "SGD" else {}
        optimizer = getattr(torch.optim, name)(model.groups(), **options)

        def watch(step: int, model: Stack = model, name: str = name) -> None:
            if step in LENGTHS:
                now = _losses(model, held) | {"norm": _norm(model)}
                for what, values in now.items():
                    values = values.unflatten(0, (len(RATES[name]), -1))
                    scores.setdefault(f"{name} {what}", []).append(values)

        batches = ((x[each, row], y[each, row]) for row in rows)
        train(model, optimizer, _loss, batches, watch=watch)
    return {what: torch.stack(values) for what, values in scores.items()}


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


@torch.no_grad()
def _losses(model: Stack, held: list) -> dict[str, Tensor]:
    parts = zip(("validation", "test"), held, strict=True)
    return {part: model.run(_loss, *data) for part, data in parts}


@torch.no_grad()
def _norm(model: Stack) -> Tensor:
    """Norm of all weights and biases of each network, `(R, S)`."""
    square = [sum(p.flatten(1).square().sum(1) for p in ws) for ws in model.weights]
    return torch.stack(square).sqrt()


def _best(scores: dict[str, Tensor], name: str, length: int) -> int:
    """Place of the decay with the lowest validation loss, at the last rate."""
    best = scores[f"{name} validation"][length, -1].mean(1).argmin()
    if best == len(DECAYS[name]) - 1:
        raise ValueError(f"the best decay of {name} is the last: extend the space")
    return int(best)


def _change(scores: dict[str, Tensor], name: str, length: int, decay: int) -> Tensor:
    """Test loss minus that without decay, `(S,)`, at the last rate."""
    loss = scores[f"{name} test"][length, -1]
    return loss[decay] - loss[0]


def _shrunk(scores: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Of AdamW: decay times the sum of the rates, and what it takes off the norm.

    The latter is a share, `(length, rate, decay, seed)`; the former has no seeds.
    """
    norm = scores["AdamW norm"]
    decays, rates = (torch.tensor(v["AdamW"]) for v in (DECAYS, RATES))
    product = torch.tensor(LENGTHS)[:, None, None] * rates[:, None] * decays[1:]
    return product, 1 - norm[:, :, 1:] / norm[:, :, :1]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; a difference of 0.05 nats would matter."""
    found = []
    for name in ("SGD", "AdamW"):
        what = f"test loss, {name}, {DECAYS[name][1]:g}"
        few, many = (_change(scores, name, length, 1) for length in (1, 2))
        more = many - _change(scores, name, 2, _best(scores, name, 2))
        found += [
            Finding(f"{what} - no decay, 300 steps", interval(few), -0.05, 0.05),
            Finding(f"{what} - tuned, 1200 steps", interval(more), above=0.05),
        ]
    product, share = _shrunk(scores)
    equal = share[(product / 0.384 - 1).abs() < 0.01]
    spreads = [v.amax(0) / v.amin(0) for v in (equal, share[:, :, 2].flatten(0, 1))]
    what = "share taken off the norm by AdamW, largest / smallest"
    return [
        *found,
        Finding(f"{what}: product 0.38", interval(spreads[0]), below=2),
        Finding("the same: decay 0.16", interval(spreads[1]), above=5),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Change of the test loss by usual and tuned decay, and what decay goes with."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 7.2))
    rows = [(name, length) for name in DECAYS for length in range(len(LENGTHS))]
    for i, label in enumerate(("usual decay", "tuned decay")):
        ends = []
        for name, length in rows:
            decay = 1 if i == 0 else _best(scores, name, length)
            ends.append(interval(_change(scores, name, length, decay)))
        mean, low, high = torch.tensor(ends).T
        error, marker = torch.stack([mean - low, high - mean]), "os"[i]
        height = torch.arange(len(rows)) + 0.24 * i - 0.12
        top.errorbar(mean, height, xerr=error, fmt=marker, ms=4, capsize=2, label=label)
    usual = {name: f"{name} {decays[1]:g}" for name, decays in DECAYS.items()}
    labels = [f"{usual[name]}, {LENGTHS[i]} steps" for name, i in rows]
    top.set_yticks(range(len(rows)), labels)
    top.invert_yaxis()
    top.axvline(0, color="C5", lw=1)
    top.legend(loc="lower left")
    top.set_xlabel("test loss minus that without (nats)")
    top.set_title("Usual decays do little")
    product, share = _shrunk(scores)
    for i, steps in enumerate(LENGTHS):
        for j, rate in enumerate(RATES["AdamW"]):
            ends = torch.tensor([interval(v) for v in share[i, j]]).T
            error = torch.stack([ends[0] - ends[1], ends[2] - ends[0]])
            style = {"color": f"C{i}", "marker": "ov"[j], "ls": ("-", "--")[j]}
            label = f"{steps} steps, lr {rate:g}"
            bottom.errorbar(product[i, j], ends[0], error, ms=4, label=label, **style)
    bottom.set(xscale="log", yscale="log", xlabel="weight_decay x lr x steps")
    bottom.set_ylabel("share taken off the norm")
    bottom.set_title("What counts, for AdamW, is the product")
    bottom.legend(loc="lower right")
    return fig
