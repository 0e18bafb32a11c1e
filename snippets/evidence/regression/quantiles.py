"""The share of targets below a pinball fit and below an asymmetric squared one."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn

from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH = 12, 400, 100
PARTS = [3000, 1000, 4000]  # training, validation, test
RATES = [3e-3, 1e-2, 3e-2, 1e-1, 3e-1]
NOISES = {  # from a uniform number, by the inverse of the distribution
    "normal": torch.special.ndtri,
    "exponential": lambda u: -torch.log1p(-u),
    "t with 2 df": lambda u: (2 * u - 1) / (2 * u * (1 - u)).sqrt(),
}
LOSSES = {  # of the error y - prediction; too low costs nine times too high
    "pinball": lambda e: torch.maximum(0.9 * e, -0.1 * e),
    "squared 9:1": lambda e: torch.where(e > 0, 0.9, 0.1) * e**2,
}


def experiment(run: int) -> dict[str, Tensor]:
    """Share of fresh targets below the prediction, `(noise, seed)` for each loss."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    fit, held, test = _data(run)
    chance = torch.Generator().manual_seed(run + 500)
    rows = torch.randint(PARTS[0], (STEPS, SEEDS, BATCH), generator=chance)
    rows, each = rows.repeat(1, len(NOISES), 1), torch.arange(len(fit[0]))[:, None]
    scores = {}
    for name, cost in LOSSES.items():

        def loss(net, x: Tensor, y: Tensor, cost=cost) -> Tensor:
            return cost(y - net(x)).mean()

        settings = [{"lr": lr} for lr in RATES]
        model = Stack(
            lambda: mlp([1, 24, 24, 1], nn.Tanh), [*seeds] * len(NOISES), settings
        )
        batches = (tuple(part[each, row] for part in fit) for row in rows)
        optimizer = torch.optim.Adam(model.groups())
        train(model, optimizer, loss, batches, lambda step: 1 - step / STEPS)
        with torch.no_grad():
            validation = model.run(loss, *held).unflatten(1, (-1, SEEDS))
            below = model.run(lambda net, x, y: (y < net(x)).float().mean(), *test)
            below = below.unflatten(1, (-1, SEEDS))
        pairs = zip(validation.unbind(1), below.unbind(1), strict=True)
        scores[name] = torch.stack([tuned(v, b, RATES) for v, b in pairs])
    return scores


def _data(run: int) -> list[tuple[Tensor, Tensor]]:
    """Inputs and targets `(noise * S, N, 1)` of each part; the noise grows with x."""
    chance = torch.Generator().manual_seed(run)
    x, u = torch.rand(2, SEEDS, sum(PARTS), 1, generator=chance)
    u = u.double().clamp(1e-6, 1 - 1e-6)
    noise = torch.stack([inverse(u).float() for inverse in NOISES.values()])
    y = torch.sin(6 * x) + (0.2 + 0.5 * x) * noise
    x = x.expand_as(y)
    return [
        (a.flatten(0, 1), b.flatten(0, 1))
        for a, b in zip(x.split(PARTS, 2), y.split(PARTS, 2), strict=True)
    ]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; 2 points of coverage would matter."""
    pinball, squared = (100 * scores[name] for name in LOSSES)
    what = "% below"
    return [
        *(
            Finding(f"{what}, pinball 0.9, {noise} noise", interval(share), 88, 92)
            for noise, share in zip(NOISES, pinball, strict=True)
        ),
        Finding(f"{what}, squared 9:1, normal noise", interval(squared[0]), below=86),
        Finding(
            "the same, exponential - normal", interval(squared[1] - squared[0]), above=3
        ),
        Finding(
            "the same, t with 2 df - normal", interval(squared[2] - squared[0]), above=3
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """The share below each fit, by the shape of the noise."""
    fig, ax = plt.subplots(figsize=(5.5, 3.6))
    for i, name in enumerate(LOSSES):
        ends = [interval(100 * values) for values in scores[name]]
        mean, low, high = torch.tensor(ends).T
        places = torch.arange(len(NOISES)) + 0.16 * (i - 0.5)
        error = torch.stack([mean - low, high - mean])
        style = {"fmt": "os"[i], "ms": 5, "capsize": 3}
        ax.errorbar(places, mean, error, label=name, **style)
    ax.axhline(90, color="C5", lw=1)
    ax.set_xticks(range(len(NOISES)), list(NOISES))
    ax.set(xlim=(-0.5, 2.5), ylim=(76, 94), xlabel="noise")
    ax.set_ylabel("fresh targets below (%)")
    ax.legend(loc="lower right")
    ax.set_title("Nine to one is 90 % for the pinball loss only")
    return fig
