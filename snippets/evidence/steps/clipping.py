"""A recurrent network without gates, at four limits of the gradient's norm."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.characters import characters
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH, LENGTH, WIDTH = 8, 100, 4, 20, 24
LIMITS = {"no clipping": None, "norm 5": 5.0, "norm 1": 1.0, "norm 0.25": 0.25}
CASES = {  # gain and rates
    "SGD, gain 1": (1.0, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]),
    "SGD, gain 2": (2.0, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]),
    "Adam, gain 2": (2.0, [0.003, 0.01, 0.03, 0.1]),
}


class _Tanh(nn.Module):
    """h = tanh(h W + E x). W begins as orthogonal, times the gain."""

    def __init__(self, gain: float) -> None:
        super().__init__()
        start = nn.init.orthogonal_(torch.empty(WIDTH, WIDTH))
        self.embedding = nn.Parameter(torch.randn(70, WIDTH))
        self.recurrent = nn.Parameter(gain * start)
        self.head = nn.Linear(WIDTH, 70)

    def forward(self, x: Tensor) -> Tensor:
        state, states = torch.zeros(len(x), WIDTH), []
        for seen in self.embedding[x].unbind(1):
            state = torch.tanh(seen + state @ self.recurrent)
            states.append(state)
        return self.head(torch.stack(states, 1))


def _loss(net, x: Tensor) -> Tensor:
    return F.cross_entropy(net(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())


def _norms(optimizer: torch.optim.Optimizer) -> Tensor:
    """Norm of the gradient of each network, `(R, S)`."""
    squares = [
        sum(p.grad.flatten(1).square().sum(1) for p in group["params"])
        for group in optimizer.param_groups
    ]
    return torch.stack(squares).sqrt()


def experiment(run: int) -> dict[str, Tensor]:
    """Losses `(limit, rate, seed)`, and the usual norm without clipping.

    Also the loss of guessing by frequency. A run that ends above it has failed.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    text, other = characters()
    chance = torch.Generator().manual_seed(run)

    def windows(text: Tensor, *shape: int) -> Tensor:
        start = torch.randint(len(text) - LENGTH, (*shape, 1), generator=chance)
        return text[start + torch.arange(LENGTH + 1)]

    data = windows(text, STEPS, SEEDS, BATCH)
    half = len(other) // 2
    held = {
        "validation": windows(other[:half], 64).repeat(SEEDS, 1, 1),
        "test": windows(other[half:], 64).repeat(SEEDS, 1, 1),
    }
    share = torch.bincount(text, minlength=70) / len(text)
    scores = {"guess": -(share * share.log()).nansum()}
    for case, (gain, rates) in CASES.items():
        losses = {part: [] for part in held}
        for limit in LIMITS.values():
            model = Stack(lambda g=gain: _Tanh(g), seeds, [{"lr": r} for r in rates])
            optimizer = getattr(torch.optim, case.split(",")[0])(model.groups())
            norms = []

            def watch(step: int, norms=norms, optimizer=optimizer) -> None:
                norms.append(_norms(optimizer))

            batches = ((x,) for x in data)
            train(model, optimizer, _loss, batches, clip=limit, watch=watch)
            if limit is None:
                scores[f"{case} norm"] = torch.stack(norms).median(0).values
            with torch.no_grad():
                for part, x in held.items():
                    losses[part].append(model.run(_loss, x))
        for part, found in losses.items():
            scores[f"{case} {part}"] = torch.stack(found)
    return scores


def _best(scores: dict[str, Tensor], case: str, i: int) -> Tensor:
    """Test loss at the rate that validation prefers, with the i-th limit, `(S,)`."""
    held, test = scores[f"{case} validation"][i], scores[f"{case} test"][i]
    return tuned(held, test, CASES[case][1])


def _failed(scores: dict[str, Tensor], case: str, i: int) -> Tensor:
    """Share of failed runs at the two highest rates, in percent, `(S,)`."""
    test = scores[f"{case} test"][i, -2:]
    return 100 * (~(test < scores["guess"])).float().mean(0)


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""

    def less(of, limit: str, *cases: str) -> tuple[float, float, float]:
        i = list(LIMITS).index(limit)
        both = [of(scores, case, i) - of(scores, case, 0) for case in cases]
        return interval(torch.stack(both).mean(0))

    one, two, adam = CASES
    failed, best = "failed runs at rates 4 and 8 of SGD (%)", "best test loss"
    vs = "- no clipping"
    return [
        Finding(f"{failed}, norm 5 {vs}", less(_failed, "norm 5", one, two), above=-20),
        Finding(
            f"{failed}, norm 0.25 {vs}", less(_failed, "norm 0.25", one, two), below=-50
        ),
        Finding(
            f"{best}, SGD, norm 0.25 {vs}",
            less(_best, "norm 0.25", one, two),
            below=0.05,
        ),
        Finding(f"{best}, Adam, norm 5 {vs}", less(_best, "norm 5", adam), -0.1, 0.1),
        Finding(
            f"{best}, Adam, norm 0.25 {vs}", less(_best, "norm 0.25", adam), -0.1, 0.1
        ),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Test loss of every run against the rate, and their median."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 7.5), sharey=True)
    for panel, (case, (_, rates)) in zip(panels, CASES.items(), strict=True):
        losses = scores[f"{case} test"].nan_to_num(99).clamp(max=4.95)
        for i, (limit, runs) in enumerate(zip(LIMITS, losses, strict=True)):
            place = torch.arange(len(rates)) + 0.15 * (i - 1.5)
            panel.plot(place, runs.median(1).values, color=f"C{i}", label=limit)
            panel.plot(place, runs, ".", color=f"C{i}", ms=4, alpha=0.5)
        panel.axhline(scores["guess"], color=plt.rcParams["text.color"], ls="--", lw=1)
        panel.set_xticks(range(len(rates)), [f"{r:g}" for r in rates])
        panel.set(xlabel=f"learning rate of {case}", ylabel="test loss (nats)")
        panel.set_ylim(2.2, 5)
    panels[0].legend(loc="upper left")
    panels[0].set_title("A limit of 0.25 bears rates that one of 5 does not")
    return fig
