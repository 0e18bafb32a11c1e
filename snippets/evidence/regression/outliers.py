"""Four regression losses, tuned alike, with outlying targets and outlying inputs."""

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

SEEDS, STEPS, BATCH, TRAIN, ALL = 10, 300, 50, 300, 400
RATES = {  # the same for every loss
    "network": [0.01, 0.03, 0.1, 0.3, 1.0],
    "line": [0.01, 0.03, 0.1, 0.3, 1.0],
}
CASES = {  # share of outliers, and what they do: targets + or - 10, + 10, inputs at
    "network": [(0.0, "+-"), (0.05, "+-"), (0.2, "+-"), (0.05, "+"), (0.2, "+")],
    "line": [(0.0, "x"), (0.05, "4"), (0.05, "8"), (0.05, "12"), (0.05, "20")],
}
LOSSES = {  # of the error, in units of the noise
    "MSE": torch.square,
    "L1": torch.abs,
    "Huber": lambda e: F.huber_loss(e, torch.zeros_like(e), reduction="none"),
    "Cauchy": lambda e: torch.log1p((e / 2.385) ** 2),
}


def experiment(run: int) -> dict[str, Tensor]:
    """Distance to the truth in units of the noise, `(case, loss, seed)` by model."""
    scores = {}
    for model, cases in CASES.items():
        parts = [_data(run, model, share, kind) for share, kind in cases]
        x, y = (torch.cat(same) for same in zip(*parts, strict=True))
        errors = [_fit(run, model, x, y, loss) for loss in LOSSES.values()]
        scores[model] = torch.stack(errors, 1)
    return scores


def _truth(model: str, x: Tensor) -> Tensor:
    return 3 * torch.sin(2 * x) if model == "network" else 1 + 2 * x


def _data(run: int, model: str, share: float, kind: str) -> tuple[Tensor, Tensor]:
    """Inputs and targets `(S, N, 1)`; what is drawn does not depend on the case."""
    chance = torch.Generator().manual_seed(run)
    x = 4 * torch.rand(SEEDS, ALL, 1, generator=chance) - 2
    y = _truth(model, x) + torch.randn(x.shape, generator=chance)
    sign = 2 * torch.randint(2, x.shape, generator=chance) - 1
    hit = (torch.arange(ALL) % 20 < round(20 * share))[:, None]
    if kind in ("+-", "+"):
        return x, y + 10 * hit * (sign if kind == "+-" else 1)
    return (torch.where(hit, float(kind), x) if hit.any() else x), y


def _fit(run: int, model: str, x: Tensor, y: Tensor, loss) -> Tensor:
    """Error of the tuned rate, `(case, seed)`, after Adam with a linear decay."""
    seeds, cases = range(1000 * run, 1000 * run + SEEDS), len(CASES[model])
    rates = RATES[model]

    def build() -> nn.Module:
        return mlp([1, 16, 1], nn.Tanh) if model == "network" else nn.Linear(1, 1)

    def mean(net, x: Tensor, y: Tensor) -> Tensor:
        return loss(net(x) - y).mean()

    stack = Stack(build, [*seeds] * cases, [{"lr": lr} for lr in rates])
    chance = torch.Generator().manual_seed(run + 500)
    rows = torch.randint(TRAIN, (STEPS, SEEDS, BATCH), generator=chance)
    rows, each = rows.repeat(1, cases, 1), torch.arange(SEEDS * cases)[:, None]
    batches = ((x[each, row], y[each, row]) for row in rows)
    optimizer = torch.optim.Adam(stack.groups())
    train(stack, optimizer, mean, batches, lambda step: 1 - step / STEPS)
    grid = torch.linspace(-2, 2, 200)[:, None].expand(len(x), -1, 1)
    with torch.no_grad():
        held = stack.run(mean, x[:, TRAIN:], y[:, TRAIN:])
        error = (stack(grid) - _truth(model, grid)).square().mean((2, 3)).sqrt()
    pairs = (v.unflatten(1, (cases, SEEDS)).unbind(1) for v in (held, error))
    # A line is convex: every rate that is large enough ends in the same place.
    line = model == "line"
    return torch.stack([tuned(h, e, rates, line) for h, e in zip(*pairs, strict=True)])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; 0.2 of the noise would matter."""
    net, line = (dict(zip(LOSSES, scores[m].unbind(1), strict=True)) for m in CASES)
    what = "network, 20 % of targets"
    return [
        Finding(
            "network, no outliers: L1 - MSE",
            interval((net["L1"] - net["MSE"])[0]),
            -0.2,
            0.2,
        ),
        Finding(
            "network, 5 % of targets off by +10 or -10: MSE - Huber",
            interval((net["MSE"] - net["Huber"])[1]),
            above=0,
        ),
        Finding(
            f"{what} off by +10 or -10: Huber - Huber without",
            interval(net["Huber"][2] - net["Huber"][0]),
            -0.2,
            0.2,
        ),
        Finding(
            f"{what} off by +10: Huber - Huber without",
            interval(net["Huber"][4] - net["Huber"][0]),
            above=0.1,
        ),
        Finding(
            "line, 5 % of inputs at 20: MSE - L1",
            interval((line["MSE"] - line["L1"])[4]),
            -0.2,
            0.2,
        ),
        Finding(
            "line, 5 % of inputs at 20: L1 - Cauchy",
            interval((line["L1"] - line["Cauchy"])[4]),
            above=1,
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Distance to the truth of each loss, for targets and for inputs that are wrong."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6.8))
    for panel, (model, cases) in zip(panels, CASES.items(), strict=True):
        for i, name in enumerate(LOSSES):
            ends = [interval(values) for values in scores[model][:, i]]
            mean, low, high = torch.tensor(ends).T
            places = torch.arange(len(cases)) + 0.1 * (i - 1.5)
            error = torch.stack([mean - low, high - mean])
            style = {"marker": "osD^"[i], "ls": ("-", "--", ":", "-.")[i], "ms": 4}
            panel.errorbar(places, mean, error, label=name, capsize=2, **style)
        panel.set_ylabel("distance to the truth (noise sd)")
        panel.set_ylim(0, 2.5)
        panel.legend(loc="upper left")
    top, bottom = panels
    labels = [f"{100 * share:.0f} %\n{kind}10" for share, kind in CASES["network"][1:]]
    top.set_xticks(range(5), ["none", *labels])
    top.set_xlabel("targets that are wrong, and by how much (network)")
    top.set_title("Wrong targets harm MSE, on one side all")
    bottom.set_xticks(range(5), ["none", *(kind for _, kind in CASES["line"][1:])])
    bottom.set_xlabel("where 5 % of the inputs are, others: -2 to 2 (line)")
    bottom.set_title("Wrong inputs break L1 and Huber too")
    return fig
