"""Transformers with and without warm-up, norm before or after each part."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.characters import characters
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.transformer import Transformer
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, WARMUP, BATCH, LENGTH = 8, 150, 30, 4, 16
RATES = [0.003, 0.006, 0.012, 0.024, 0.048]  # peaks, for all four
HIGH = RATES.index(0.024)
KINDS = {"pre-LN": False, "post-LN": True}
WAYS = {"no warm-up": 0, "warm-up": WARMUP}


def experiment(run: int) -> dict[str, Tensor]:
    """Loss on text that was not trained on, in nats a character, `(peak, seed)`.

    AdamW as torch has it, no clipping; linear decay to zero in all cases.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    text, rest = characters()
    chance = torch.Generator().manual_seed(run)
    window = torch.arange(LENGTH + 1)
    size = STEPS, SEEDS, BATCH, 1
    starts = torch.randint(len(text) - LENGTH, size, generator=chance)
    places = torch.randperm(len(rest) // (LENGTH + 1), generator=chance)[:300, None]
    held, test = (
        rest[part * (LENGTH + 1) + window].expand(SEEDS, -1, -1)
        for part in places.split(150)
    )
    scores = {}
    for kind, post in KINDS.items():
        for way, warmup in WAYS.items():
            model = Stack(lambda p=post: _build(p), seeds, [{"lr": lr} for lr in RATES])
            optimizer = torch.optim.AdamW(model.groups())
            batches = ((text[start + window],) for start in starts)
            train(model, optimizer, _loss, batches, lambda k, w=warmup: _rate(k, w))
            with torch.no_grad():
                scores[f"{kind}, {way}, validation"] = model.run(_loss, held)
                scores[f"{kind}, {way}, test"] = model.run(_loss, test)
    return scores


def _build(post: bool) -> Transformer:
    return Transformer(70, LENGTH, width=16, layers=2, post=post)


def _rate(step: int, warmup: int) -> float:
    """A line up in `warmup` steps, and a line down to zero at the end."""
    if step < warmup:
        return (step + 1) / (warmup + 1)
    return (STEPS - step) / (STEPS - warmup)


def _loss(net, x: Tensor) -> Tensor:
    logits = net(x[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), x[:, 1:].flatten())


def _best(scores: dict[str, Tensor], name: str) -> Tensor:
    parts = [scores[f"{name}, {part}"] for part in ("validation", "test")]
    return tuned(*parts, RATES)


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""
    found = [
        Finding(
            f"{kind}, each at its best rate: warm-up - none",
            interval(_best(scores, f"{kind}, warm-up") - none),
            -0.2,  # what the place of the norm is worth
            0.2,
        )
        for kind in KINDS
        for none in [_best(scores, f"{kind}, no warm-up")]
    ]
    none, warm = (scores[f"post-LN, {way}, test"][HIGH] for way in WAYS)
    what = f"post-LN at {RATES[HIGH]}: warm-up - none"
    found.append(Finding(what, interval(warm - none), below=0))
    for kind, bounds in (("pre-LN", {"below": 0.3}), ("post-LN", {"above": 0.3})):
        name = f"{kind}, no warm-up"
        lost = scores[f"{name}, test"][HIGH] - _best(scores, name)
        what = f"{name}: at {RATES[HIGH]} - at its best rate"
        found.append(Finding(what, interval(lost), **bounds))
    pre, post = (_best(scores, f"{kind}, no warm-up") for kind in KINDS)
    what = "no warm-up, each at its best rate: post-LN - pre-LN"
    return [*found, Finding(what, interval(post - pre), below=0)]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Loss against peak rate, with each seed as a dot."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6), sharex=True, sharey=True)
    for panel, kind in zip(panels, KINDS, strict=True):
        for i, way in enumerate(WAYS):
            test = scores[f"{kind}, {way}, test"]
            mean, low, high = torch.tensor([interval(v) for v in test]).T
            panel.plot(RATES, mean, marker="os"[i], label=way)
            panel.fill_between(RATES, low, high, color=f"C{i}", alpha=0.2, lw=0)
            at = torch.tensor(RATES)[:, None] * (0.96 if i == 0 else 1.04)
            panel.plot(at.expand_as(test), test, ".", color=f"C{i}", ms=3, alpha=0.6)
        panel.set_ylabel(f"{kind}: loss (nats)")
        panel.set_xscale("log")
        panel.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
        panel.minorticks_off()
    panels[0].legend()
    panels[1].set_xlabel("peak learning rate of AdamW")
    panels[0].set_title("Warm-up moves the border of post-LN")
    return fig
