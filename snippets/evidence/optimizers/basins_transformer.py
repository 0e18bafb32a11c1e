"""Test loss of a small transformer against the learning rate, for four optimizers."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.evidence.method.characters import characters
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.transformer import Transformer
from snippets.evidence.method.tuned import tuned
from snippets.evidence.optimizers.basin import basin

SEEDS, STEPS, WARM, BATCH, LENGTH = 6, 160, 16, 16, 8
WINDOWS = 256  # for validation, and for test, of each seed
# Six rates each, two a decade, from 10 ** (first / 2) on.
KINDS: dict[str, tuple[str, dict, int]] = {
    "SGD": ("SGD", {}, -2),
    "SGD, momentum": ("SGD", {"momentum": 0.9}, -4),
    "RMSprop": ("RMSprop", {}, -6),
    "Adam": ("Adam", {}, -6),
}
RATES = {
    name: [10 ** ((first + i) / 2) for i in range(6)]
    for name, (_, _, first) in KINDS.items()
}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation and test loss, `(rate, seed)`; infinite or NaN where it diverged."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    chance = torch.Generator().manual_seed(run)
    text, other = characters()
    batches = [_windows(text, BATCH, chance) for _ in range(STEPS)]
    half = len(other) // 2
    held = _windows(other[:half], WINDOWS, chance)
    test = _windows(other[half:], WINDOWS, chance)
    scores = {}
    for name, (kind, options, _) in KINDS.items():
        model = Stack(
            lambda: Transformer(70, LENGTH, width=16),
            seeds,
            [{"lr": rate} for rate in RATES[name]],
        )
        optimizer = getattr(torch.optim, kind)(model.groups(), **options)
        train(model, optimizer, _loss, batches, schedule=_schedule, clip=1.0)
        with torch.no_grad():
            scores[f"{name} validation"] = model.run(_loss, *held)
            scores[f"{name} test"] = model.run(_loss, *test)
    return scores


def _windows(text: Tensor, count: int, chance: torch.Generator) -> tuple[Tensor]:
    """Random windows of one more than LENGTH, `(S, count, LENGTH + 1)`."""
    last = len(text) - LENGTH
    starts = torch.randint(last, (SEEDS, count, 1), generator=chance)
    return (text[starts + torch.arange(LENGTH + 1)],)


def _schedule(step: int) -> float:
    return min(1, (step + 1) / WARM) * (1 - step / STEPS)


def _loss(net, x: Tensor) -> Tensor:
    logits = net(x[:, :-1]).flatten(0, 1)
    return torch.nn.functional.cross_entropy(logits, x[:, 1:].flatten())


def _best(scores: dict[str, Tensor], name: str) -> tuple[int, Tensor, Tensor]:
    """Index of the tuned rate, test loss there, and the width of the basin."""
    held, test = scores[f"{name} validation"], scores[f"{name} test"]
    score = tuned(held, test, RATES[name])
    best = int(held.mean(1).nan_to_num(torch.inf).argmin())
    ends = basin(-test, RATES[name], best, lose=0.2)
    return best, score, ends[:, 1] - ends[:, 0]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    _, adam, wide = _best(scores, "Adam")
    _, sgd, narrow = _best(scores, "SGD, momentum")
    _, plain, _ = _best(scores, "SGD")
    _, rmsprop, _ = _best(scores, "RMSprop")
    loss = "test loss (nats)"
    return [
        Finding(f"{loss}, SGD with momentum - Adam", interval(sgd - adam), -0.2, 0.2),
        Finding(f"{loss}, SGD - Adam", interval(plain - adam), -0.2, 0.2),
        Finding(f"{loss}, RMSprop - Adam", interval(rmsprop - adam), -0.2, 0.2),
        Finding("width of Adam's basin (decades)", interval(wide), 0.5, 2),
        Finding("width, Adam - SGD with momentum", interval(wide - narrow), -1, 1),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Loss against the rate with 95 % intervals; the tuned rates as dots."""
    fig, ax = plt.subplots(figsize=(5.5, 4.2))
    for i, name in enumerate(KINDS):
        test, rates = scores[f"{name} test"], RATES[name]
        whole = [row for row in test if row.isfinite().all()]
        mean, low, high = torch.tensor([interval(row) for row in whole]).T
        ax.fill_between(rates[: len(mean)], low, high, color=f"C{i}", alpha=0.2, lw=0)
        ax.plot(rates[: len(mean)], mean, color=f"C{i}")
        best, _, width = _best(scores, name)
        ax.plot(rates[best], mean[best], "o", color=f"C{i}", ms=6)
        text = f"{name}\n{width.mean():.1f} decades"
        place = rates[best], 2.2 - 0.28 * (i % 3 == 0)
        ax.text(*place, text, color=f"C{i}", ha="center", va="center")
    ax.set(xscale="log", xlabel="learning rate", ylabel="test loss (nats)")
    ax.set_ylim(1.75, 4)
    ax.set_title("SGD trains the transformer as well as Adam")
    return fig
