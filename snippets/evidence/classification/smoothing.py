"""Label smoothing, and a temperature afterwards, with right and with wrong labels."""

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

SEEDS, STEPS, BATCH, TRAIN = 12, 200, 32, 200
EPSILON = [0.0, 0.05, 0.1, 0.2, 0.4]
RATES = {  # of Adam, for each epsilon
    "right labels": [1e-3, 4e-3, 0.016, 0.064],
    "30 % wrong": [2.5e-4, 1e-3, 4e-3, 0.016],
}
RIGHT, WRONG = RATES
LATE = "30 % wrong, highest rate"  # that is, overfitted
NOISY = "30 % wrong, highest rate, judged by such labels"
BINS = 15


def experiment(run: int) -> dict[str, Tensor]:
    """Test scores, `(epsilon, seed)`, at the rate of the least validation error.

    Validation and test labels are right, but for the last case. The temperature is
    fitted on validation data.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    (x, right), held, test = digits(seeds, TRAIN, 300)
    chance = torch.Generator().manual_seed(seeds[0])
    y, *noisy = (_wrong(labels, chance) for labels in (right, held[1], test[1]))
    rows = torch.randint(TRAIN, (STEPS, SEEDS, BATCH), generator=chance)
    each = torch.arange(SEEDS)[:, None]
    scores = {}
    for task, rates in RATES.items():
        labels = right if task == RIGHT else y
        for epsilon in EPSILON:
            model = Stack(lambda: mlp([64, 32, 10]), seeds, [{"lr": r} for r in rates])
            optimizer = torch.optim.Adam(model.groups(), fused=True)
            batches = ((x[each, row], labels[each, row]) for row in rows)
            train(model, optimizer, _smoothed(epsilon), batches)
            with torch.no_grad():
                z = torch.cat([model(held[0]), model(test[0])], 2)
            error = (z[:, :, :300].argmax(3) != held[1]).float().mean(2)
            best = tuned(error, z, rates)
            cases = [(task, best, (held[1], test[1]))]
            if task == WRONG:
                cases += [(LATE, z[-1], (held[1], test[1])), (NOISY, z[-1], noisy)]
            for case, logits, truth in cases:
                for key, value in _scores(logits, *truth).items():
                    scores.setdefault(f"{case}: {key}", []).append(value)
            scores.setdefault(f"{task}: validation error", []).append(error.mean(1))
    return {name: torch.stack(values) for name, values in scores.items()}


def _wrong(y: Tensor, chance: torch.Generator, share: float = 0.3) -> Tensor:
    """Replace a share of the labels by another class."""
    other = (y + torch.randint(1, 10, y.shape, generator=chance)) % 10
    return torch.where(torch.rand(y.shape, generator=chance) < share, other, y)


def _smoothed(epsilon: float):
    return lambda net, x, y: F.cross_entropy(net(x), y, label_smoothing=epsilon)


def _scores(z: Tensor, y_held: Tensor, y: Tensor) -> dict[str, Tensor]:
    """Scores of logits `(S, 300 of validation + N of test, 10)`, `(S,)`."""
    held, z = z[:, :300], z[:, 300:]
    inverse = torch.logspace(-1.5, 1.5, 61)  # of T
    losses = torch.stack([_nll(held * b, y_held) for b in inverse])
    scaled = z * inverse[losses.argmin(0)][:, None, None]
    return {
        "accuracy": (z.argmax(2) == y).float().mean(1),
        "confidence": z.softmax(2).amax(2).mean(1),
        "NLL with T": _nll(scaled, y),
        "ECE": _ece(z, y),
        "ECE with T": _ece(scaled, y),
    }


def _nll(z: Tensor, y: Tensor) -> Tensor:
    return -z.log_softmax(2).gather(2, y[..., None]).mean((1, 2))


def _ece(z: Tensor, y: Tensor) -> Tensor:
    """Expected calibration error in bins of equal width."""
    confidence, chosen = z.softmax(2).max(2)
    index = (confidence * BINS).ceil().long().clamp(1, BINS) - 1
    gap = confidence - (chosen == y).float()
    total = torch.zeros(len(gap), BINS).scatter_add(1, index, gap)
    return total.abs().sum(1) / gap.shape[1]


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """Smoothed minus plain, in points."""
    inf = float("inf")
    found = []
    for case, key, epsilon, above, below in (
        (RIGHT, "accuracy", 0.1, -2, 2),
        (WRONG, "accuracy", 0.4, 0, inf),
        (RIGHT, "ECE", 0.1, 5, inf),
        (WRONG, "ECE", 0.1, 2, inf),
        (NOISY, "ECE", 0.2, -inf, -3),
        (RIGHT, "ECE with T", 0.1, -2, 2),
    ):
        values = 100 * scores[f"{case}: {key}"]
        change = interval(values[EPSILON.index(epsilon)] - values[0])
        what = f"{key} (points), {case}: epsilon {epsilon} - 0"
        found.append(Finding(what, change, above, below))
    return found


def figure(scores: dict[str, Tensor]) -> Figure:
    """Accuracy and calibration error against epsilon."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 6.8), sharex=True)
    for row, case, key, style, label in (
        (0, RIGHT, "accuracy", "C0-o", RIGHT),
        (0, WRONG, "accuracy", "C1-o", WRONG),
        (0, LATE, "accuracy", "C2-o", LATE),
        (1, WRONG, "ECE", "C1-o", WRONG),
        (1, RIGHT, "ECE", "C0-o", RIGHT),
        (1, WRONG, "ECE with T", "C1--o", f"{WRONG}, with T"),
        (1, RIGHT, "ECE with T", "C0--o", f"{RIGHT}, with T"),
        (2, NOISY, "ECE", "C3-o", "as trained"),
        (2, NOISY, "ECE with T", "C3--o", "with T"),
    ):
        ends = [interval(100 * values) for values in scores[f"{case}: {key}"]]
        mean, low, high = torch.tensor(ends).T
        panels[row].plot(EPSILON, mean, style, ms=4, label=label)
        panels[row].fill_between(EPSILON, low, high, color=style[:2], alpha=0.2)
    panels[0].set(ylabel="accuracy (%)", ylim=(56, 96))
    panels[0].legend(loc="lower left", ncols=2)
    panels[0].set_title("Smoothing calibrates only what is overconfident")
    panels[1].set(ylabel="ECE (points)", ylim=(0, 60))
    panels[1].legend(loc="upper left", ncols=2)
    panels[2].set(ylabel="ECE (points)", ylim=0, xlabel="label smoothing epsilon")
    panels[2].set_title("30 % wrong, highest rate, judged by such labels")
    panels[2].legend()
    return fig
