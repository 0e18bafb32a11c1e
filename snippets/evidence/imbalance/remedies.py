"""Plain cross-entropy against weights, focal loss and oversampling, at three ratios."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.evidence.imbalance.clouds import (
    RARE,
    TEST,
    _clouds,
    _log_ratio,
    _precision,
)
from snippets.evidence.imbalance.twice import STEPS, _fit
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval

RATES = [1e-3, 7e-3, 5e-2, 0.35]
METHODS = {  # start of the bias over the log prior, weighs positives, gamma, draws
    "bias 0": (0, False, 0, "all"),
    "bias log prior": (1, False, 0, "all"),
    "class weights": (0, True, 0, "all"),
    "focal loss": (1, False, 2, "all"),
    "oversampling": (0, False, 0, "over"),
}
ZERO, PRIOR, WEIGHTS, FOCAL, OVER = range(5)


def experiment(run: int) -> dict[str, Tensor]:
    """What each method reaches at its best rate, `(ratios, methods, seeds)`.

    On test data: average precision, balanced accuracy at probability 0.5 and at the
    threshold that validation prefers, and negative log-likelihood (NLL), as it comes
    and with the known shift of the logits undone. Also the precision of the truth.
    """
    found = [_fit(METHODS, ratio, run, RATES) for ratio in STEPS]
    scores = {name: torch.stack([f[name] for f in found]) for name in found[0]}
    x = _clouds(RARE, TEST, 10_000 * run + 2)
    truth = [_precision(_log_ratio(x), RARE, ratio) for ratio in STEPS]
    return scores | {"truth": torch.stack(truth)[:, None]}


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; plain is cross-entropy, its bias at the log prior."""

    def minus(name: str, method: int, ratio: int) -> tuple[float, float, float]:
        same = scores[name][list(STEPS).index(ratio)]
        return interval(same[method] - same[PRIOR])

    rank, cut = "average precision", "balanced accuracy"
    weights, focal = "class weights - plain", "focal - plain"
    return [
        Finding(
            f"{rank}, 1:1000, bias 0 - plain", minus("precision", ZERO, 1000), below=0
        ),
        Finding(
            f"{rank}, 1:100, {weights}", minus("precision", WEIGHTS, 100), -0.1, 0.1
        ),
        Finding(f"{rank}, 1:100, {focal}", minus("precision", FOCAL, 100), -0.05, 0.05),
        Finding(f"{cut} at 0.5, 1:100, {weights}", minus("at 0.5", WEIGHTS, 100), 0.1),
        Finding(
            f"{cut}, tuned, 1:100, {weights}", minus("tuned", WEIGHTS, 100), -0.02, 0.02
        ),
        Finding(f"NLL, 1:100, {weights}", minus("nll", WEIGHTS, 100), above=0.05),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Ranking, decisions and calibration of each method at each ratio."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 8.6), sharex=True)
    names = "average precision", "balanced accuracy", "NLL (nats)"
    parts = ("precision",), ("at 0.5", "tuned"), ("nll", "undone")
    for panel, title, metrics in zip(panels, names, parts, strict=True):
        for metric in metrics:
            hollow = metric in ("tuned", "undone")
            for m, name in enumerate(METHODS):
                if metric == "undone" and m not in (WEIGHTS, OVER):
                    continue  # it has no known shift
                ends = [interval(v) for v in scores[metric][:, m]]
                mean, low, high = torch.tensor(ends).T
                at = torch.arange(len(STEPS)) + 0.15 * (m - 2) + 0.05 * hollow
                bars = torch.stack([mean - low, high - mean]).clamp(min=0)
                style = {"mfc": "none" if hollow else f"C{m}", "label": name}
                style |= {"fmt": "s" if hollow else "o", "ms": 4, "color": f"C{m}"}
                panel.errorbar(at, mean, bars, **style)
        panel.set_ylabel(title)
    for i, truth in enumerate(scores["truth"][:, 0]):
        ink = plt.rcParams["text.color"]
        panels[0].hlines(truth, i - 0.4, i + 0.4, color=ink, ls=":")
    panels[0].legend(loc="lower left")
    panels[0].set_title("With its bias at the log prior, plain keeps up")
    panels[1].text(
        0.02, 0.62, "filled: at 0.5\nhollow: tuned", transform=panels[1].transAxes
    )
    panels[2].set_yscale("log")
    panels[2].text(0.02, 0.06, "hollow: shift undone", transform=panels[2].transAxes)
    panels[2].set_xticks(range(3), [f"1:{ratio}" for ratio in STEPS])
    return fig
