"""AdamW with its state, or the weights too, in bfloat16."""

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

SEEDS, STEPS, BATCH = 16, 600, 16
RATES = [3e-3, 1e-2, 3e-2, 1e-1, 3e-1]
BETA2 = [0.95, 0.999]
FORMS = {  # what is stored in bfloat16 between steps
    "float32": (),
    "state": ("exp_avg", "exp_avg_sq"),
    "state and weights": ("exp_avg", "exp_avg_sq", "weight"),
}


def experiment(run: int) -> dict[str, Tensor]:
    """Losses of each form, and its second moment against float32's.

    Each is `(beta2, rate, seed)`; the second moment is the median of all weights.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, y), *held = [
        (x.unflatten(-1, (4, 2, 4, 2)).mean((-3, -1)).flatten(-2), y)
        for x, y in digits(seeds)
    ]
    chance = torch.Generator().manual_seed(run)
    rows = torch.randint(x.shape[1], (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    settings = [
        {"lr": lr, "betas": (0.9, beta2), "form": form}
        for form in FORMS
        for beta2 in BETA2
        for lr in RATES
    ]
    model = Stack(lambda: mlp([16, 16, 10]), seeds, settings)
    optimizer = torch.optim.Adam(model.groups(), fused=True)
    _store(optimizer)
    batches = ((x[each, row], y[each, row]) for row in rows)

    def decay(step: int) -> float:
        return 1 - step / STEPS

    train(model, optimizer, _loss, batches, decay, watch=lambda _: _store(optimizer))
    shape = len(FORMS), len(BETA2), len(RATES), SEEDS
    second = torch.stack([_second(optimizer, g) for g in optimizer.param_groups])
    second = second.view(*shape, -1)
    scores = {"second moment": (second[1] / second[0]).nanmedian(-1)[0]}
    with torch.no_grad():
        for part, data in zip(("valid", "test"), held, strict=True):
            loss = model.run(_loss, *data).view(shape)
            for name, values in zip(FORMS, loss, strict=True):
                scores[f"{name} {part}"] = values
    return scores


@torch.no_grad()
def _store(optimizer: torch.optim.Optimizer) -> None:
    """Round what its group says to bfloat16; steps are computed in float32."""
    for group in optimizer.param_groups:
        for weight in group["params"]:
            kept = {"weight": weight, **optimizer.state[weight]}
            for name in FORMS[group["form"]]:
                if name in kept:
                    kept[name].copy_(kept[name].bfloat16())


def _second(optimizer: torch.optim.Optimizer, group: dict) -> Tensor:
    """Second moments of the networks of a group, `(S, weights)`."""
    moments = [optimizer.state[p]["exp_avg_sq"].flatten(1) for p in group["params"]]
    return torch.cat(moments, 1)


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _tuned(scores: dict[str, Tensor], form: str, beta2: float) -> Tensor:
    """Test loss at the rate that validation prefers, `(S,)`."""
    i = BETA2.index(beta2)
    return tuned(scores[f"{form} valid"][i], scores[f"{form} test"][i], RATES)


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; two seeds differ by more than 0.05 nats."""
    plain, state, both = (scores[f"{form} test"] for form in FORMS)
    small, best = RATES.index(3e-3), RATES.index(3e-2)
    off = (state - plain)[:, : best + 1].abs().amax((0, 1))
    tuned_ = _tuned(scores, "state", 0.999) - _tuned(scores, "float32", 0.999)
    lost, kept = (interval((both - plain)[1, at]) for at in (small, best))
    low, high = (interval(v) for v in scores["second moment"][:, best])
    return [
        Finding("state: most of all lr up to 0.03", interval(off), below=0.02),
        Finding("state: at the best lr", interval(tuned_), -0.05, 0.05),
        Finding("state and weights: lr 0.003", lost, above=0.1),
        Finding("state and weights: lr 0.03", kept, -0.05, 0.05),
        Finding("second moment / float32's, beta2 0.999", high, above=1.02),
        Finding("second moment / float32's, beta2 0.95", low, 0.9, 1.05),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Loss, and the second moment, against the rate."""
    fig, (top, low) = plt.subplots(2, 1, figsize=(5.5, 6.2), sharex=True)
    for i, (form, mark) in enumerate(zip(FORMS, ("o-", "x--", "s-"), strict=True)):
        _draw(
            top, scores[f"{form} test"][1], mark, i, form.replace("float32", "nothing")
        )
    for i, beta2 in enumerate(BETA2):
        _draw(low, scores["second moment"][i], "o-", i + 3, f"beta2 {beta2:g}")
    top.set_ylabel("test loss (nats), beta2 0.999")
    low.set_ylabel("second moment / float32's")
    low.axhline(1, color="black", lw=1)
    low.set_xlabel("learning rate")
    low.set_xscale("log")
    low.set_xticks(RATES, [f"{rate:g}" for rate in RATES])
    low.minorticks_off()
    top.legend(title="in bfloat16")
    low.legend()
    top.set_title("The state bears bfloat16, the weights do not")
    low.set_title("At beta2 0.999 the second moment cannot fall")
    return fig


def _draw(ax: plt.Axes, values: Tensor, mark: str, colour: int, label: str) -> None:
    ends = torch.tensor([interval(v) for v in values]).T
    error = (ends[1:] - ends[0]).abs()
    ax.errorbar(
        RATES,
        ends[0],
        error,
        fmt=mark,
        ms=5,
        capsize=3,
        color=f"C{colour}",
        label=label,
    )
