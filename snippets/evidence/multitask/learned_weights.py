"""Five ways to weigh two regression losses whose targets differ 30 times in scale."""

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

SEEDS, STEPS = 20, 500
RATES = [0.03, 0.1, 0.3, 1.0, 3.0]
NOISE = torch.tensor([0.1, 3.0])  # of targets whose size is about 0.7 and 20
WAYS = ["equal", "variance", "exp(-s)", "exp(-s), started", "bare"]
WATCHED = [50, 100, 200, 300, 400, 500]


class _Net(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = mlp([4, width, 2], nn.Tanh)
        self.s = nn.Parameter(torch.zeros(2))  # for "bare": the weight minus 1

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.net(x), self.s


def experiment(run: int) -> dict[str, Tensor]:
    """Test errors `(task, seed)` of each way, and the weights of two.

    An error is a share of its target's variance. "few, s" is `(step, task, seed)`: s
    minus the logarithm of the noise's variance, where 8 samples can be memorised.
    """
    scores = {}
    for way in WAYS:
        model, (_, held, test) = _fit(run, way, [200, 200, 1000], 12, RATES)
        with torch.no_grad():
            valid, error = model.run(_error, *held), model.run(_error, *test)
        scores[way] = tuned(valid.sum(2), error, RATES, edge=way == "bare").T
        if way == "bare":
            scores["bare, weights"] = 1 + _s(model)[0].T
    watched = []
    _fit(run, "exp(-s), started", [8, 1, 1], 64, [0.03], watched)
    scores["few, s"] = torch.stack(watched) - NOISE.square().log()[:, None]
    return scores


def _fit(
    run: int,
    way: str,
    parts: list,
    width: int,
    rates: list,
    watched: list | None = None,
) -> tuple[Stack, list[tuple[Tensor, Tensor]]]:
    seeds = range(1000 * run, 1000 * run + SEEDS)
    data = _data(run, parts)
    x, y = data[0]
    variance = y.var(1)  # of the training targets, (S, 2)
    model = Stack(lambda: _Net(width), seeds, [{"lr": lr} for lr in rates])
    if way == "exp(-s), started":
        with torch.no_grad():
            for weights in model.weights:
                weights[model.names.index("s")].copy_(variance.log())

    def loss(net, x: Tensor, y: Tensor, variance: Tensor) -> Tensor:
        out, s = net(x)
        errors = (out - y).square().mean(0)
        if way == "equal":
            return errors.sum()
        if way == "variance":
            return (errors / variance).sum()
        if way == "bare":
            return ((1 + s) * errors).sum()
        return ((-s).exp() * errors + s).sum()

    def watch(step: int) -> None:
        if watched is not None and step in WATCHED:
            watched.append(_s(model)[0].T)

    def factor(step: int) -> float:
        return 1 - step / STEPS if watched is None else 1.0

    chance = torch.Generator().manual_seed(run + 500)
    rows = torch.randint(parts[0], (STEPS, SEEDS, 32), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    batches = ((x[each, row], y[each, row], variance) for row in rows)
    train(model, torch.optim.Adam(model.groups()), loss, batches, factor, watch=watch)
    return model, data


def _data(run: int, parts: list[int]) -> list[tuple[Tensor, Tensor]]:
    """Two functions of four inputs; the second and its noise are 30 times as large."""
    chance = torch.Generator().manual_seed(run)
    x = torch.randn(SEEDS, sum(parts), 4, generator=chance)
    way = nn.functional.normalize(torch.randn(SEEDS, 4, 2, generator=chance), dim=1)
    y = torch.sin(1.5 * x @ way) * torch.tensor([1.0, 30.0])
    y = y + NOISE * torch.randn(y.shape, generator=chance)
    return list(zip(x.split(parts, 1), y.split(parts, 1), strict=True))


def _error(net, x: Tensor, y: Tensor) -> Tensor:
    return (net(x)[0] - y).square().mean(0) / y.var(0)


def _s(model: Stack) -> Tensor:
    """The s of all networks, `(R, S, 2)`."""
    place = model.names.index("s")
    return torch.stack([weights[place].detach() for weights in model.weights])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; a twentieth of a variance would matter."""
    equal, variance, zero, started = (scores[way] for way in WAYS[:4])
    late, gain = (zero - started).mean(0), (started - variance).mean(0)
    fall, weight = scores["few, s"], scores["bare, weights"].amax(0)
    what = "8 samples, large target: s"
    return [
        Finding("small target: equal - variance", interval((equal - variance)[0]), 0.1),
        Finding("both: exp(-s) started - variance", interval(gain), -0.05, 0.05),
        Finding("both: exp(-s) from 0 - started", interval(late), above=0),
        Finding("the larger bare weight, lr 0.03", interval(weight), below=0),
        Finding(
            f"{what} - log of the noise's variance", interval(fall[-1, 1]), below=-2
        ),
        Finding(f"{what}, step 500 - 200", interval(fall[-1, 1] - fall[2, 1]), below=0),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """The error of each way, and how far s falls where training data are memorised."""
    fig, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 6.4))
    for task, name in enumerate(("small target", "large target")):
        ends = [interval(scores[way][task].log10()) for way in WAYS]
        mean, low, high = 10 ** torch.tensor(ends).T
        error = torch.stack([mean - low, high - mean])
        places = torch.arange(len(WAYS)) + 0.2 * task - 0.1
        style = {"fmt": "os"[task], "ms": 4, "capsize": 2, "label": name}
        top.errorbar(mean, places, xerr=error, **style)
        ends = [interval(values) for values in scores["few, s"][:, task]]
        mean, low, high = torch.tensor(ends).T
        bottom.plot(WATCHED, mean, marker="os"[task], ms=4, label=name)
        bottom.fill_between(WATCHED, low, high, color=f"C{task}", alpha=0.2, lw=0)
    top.set_yticks(range(len(WAYS)), WAYS)
    top.invert_yaxis()
    top.set(xscale="log", xlabel="test error (share of the variance)")
    top.legend()
    top.set_title("The variance does what learning does")
    bottom.axhline(0, color="C5", lw=1)
    bottom.set(xlabel="step", ylabel="s - log of the noise's variance")
    bottom.set_title("Memorised data: s falls past the noise")
    bottom.legend()
    return fig
