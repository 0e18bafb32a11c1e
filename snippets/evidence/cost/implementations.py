"""Time of a step of AdamW: the loop over tensors, foreach and fused, on a CPU."""

import time

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval

ROUNDS, WARM = 16, 3
SHAPES = {  # tensors, numbers in each, steps that are timed at once
    "4 of 1,000": (4, 1_000, 40),
    "4 of 100,000": (4, 100_000, 8),
    "4 of 1,000,000": (4, 1_000_000, 1),
    "100 of 100": (100, 100, 2),
    "100 of 10,000": (100, 10_000, 1),
    "1000 of 100": (1000, 100, 1),
}
FORMS = {"loop": {"foreach": False}, "foreach": {"foreach": True}}
FORMS |= {"fused": {"fused": True}}


def experiment(run: int) -> dict[str, Tensor]:
    """CPU time of each form divided by that of the loop, `(form, round)`.

    In each round all forms take turns, in an order that changes from round to round.
    """
    scores = {}
    for name, (tensors, size, steps) in SHAPES.items():
        optimizers = [_optimizer(tensors, size, run, form) for form in FORMS.values()]
        seconds = torch.empty(len(FORMS), WARM + ROUNDS, dtype=torch.float64)
        for i in range(WARM + ROUNDS):
            for j in range(len(FORMS)):
                turn = (i + j) % len(FORMS)
                seconds[turn, i] = _time(optimizers[turn], steps)
        scores[name] = (seconds / seconds[0])[1:, WARM:]
    return scores


def _optimizer(tensors: int, size: int, seed: int, form: dict) -> torch.optim.AdamW:
    draw = torch.Generator().manual_seed(seed)
    weights = [torch.randn(size, generator=draw) for _ in range(tensors)]
    for weight in weights:
        weight.grad = torch.randn(size, generator=draw)
    return torch.optim.AdamW(weights, lr=1e-4, **form)


def _time(optimizer: torch.optim.Optimizer, steps: int) -> float:
    """Seconds of CPU: what other programs take of the machine does not count."""
    start = time.process_time()
    for _ in range(steps):
        optimizer.step()
    return time.process_time() - start


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on: bounds that leave room for another machine."""
    few, large, many, both = (
        scores[name]
        for name in ("4 of 1,000", "4 of 1,000,000", "100 of 100", "100 of 10,000")
    )
    slowest = torch.stack([s[1] for s in scores.values()]).amax(0)
    return [
        Finding("fused / loop, the slowest shape", interval(slowest), below=0.9),
        Finding("fused / loop, 100 tensors of 100", interval(many[1]), below=0.5),
        Finding("foreach / loop, 100 of 100", interval(many[0]), below=0.95),
        Finding("foreach / loop, 4 of 1,000", interval(few[0]), 0.6, 1.5),
        Finding("foreach / loop, 4 of 1,000,000", interval(large[0]), 0.5, 2.5),
        Finding("foreach / loop, 100 of 10,000", interval(both[0]), 0.5, 2.5),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Time against the loop's, by tensors and their size."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    rows = torch.arange(len(scores), dtype=torch.float64)
    for i, form in enumerate(("foreach", "fused")):
        ends = torch.tensor([interval(s[i]) for s in scores.values()]).T
        mean, error = ends[0], (ends[1:] - ends[0]).abs()
        ax.errorbar(mean, rows + 0.1 * i, xerr=error, fmt="o", capsize=3, label=form)
    ax.axvline(1, color="black", lw=1)
    ax.set_yticks(rows, scores)
    ax.invert_yaxis()
    ax.set_xlim(0, None)
    ax.set_xlabel("time of a step, the loop being 1")
    ax.set_ylabel("tensors")
    ax.legend()
    ax.set_title("Fused is always faster,\nforeach depends on the tensors")
    return fig
