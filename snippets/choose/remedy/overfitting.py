"""What usual remedies do for 100 samples of which a fifth has a random label."""

import torch
from torch import Tensor

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

OVERFIT = {"adam": True, "lr": 0.02, "steps": 160}
OVERFIT |= {"samples": 100, "wrong": 0.2}
REMEDIES = {
    "nothing": {},
    "4 × the samples": {"samples": 400},
    "labels corrected": {"wrong": 0.0},
    "early stopping": {"stop": True},
    "weight decay 1e-3": {"weight_decay": 1e-3},
    "weight decay 0.3": {"weight_decay": 0.3},
    "weight decay 1": {"weight_decay": 1.0},
    "dropout 0.2": {"dropout": 0.2},
    "dropout 0.5": {"dropout": 0.5},
    "rate ÷ 3": {"lr": 0.0067},
    "rate ÷ 3, steps × 3": {"lr": 0.0067, "steps": 480},
    "a quarter of the width": {"width": 4},
}


def _ensembles(trial: dict) -> dict[str, Tensor]:
    """Train 20 networks, and average the probabilities of five at a time."""
    (end,) = train([trial | {"team": 5}], seeds=20)
    probability = end["logits"].softmax(2).unflatten(0, (4, 5)).mean(1)
    labels = end["labels"].expand(4, -1)
    right = probability.argmax(2) == labels
    loss = -probability.gather(2, labels.unsqueeze(2)).log()
    return {
        "train": torch.full((4,), torch.nan),
        "loss": loss.mean((1, 2)),
        "accuracy": 100 * right.float().mean(1),
    }


def table() -> str:
    """Tabulate losses and accuracy, and four ensembles of five."""
    rows = dict(
        zip(REMEDIES, train([OVERFIT | r for r in REMEDIES.values()], 6), strict=True)
    )
    rows["ensemble of 5"] = _ensembles(OVERFIT)
    lines = ["| remedy | training | test loss | accuracy |", "| --- " * 4 + "|"]
    for name, end in rows.items():
        cells = [
            interval(end["train"], 2),
            interval(end["loss"], 2),
            interval(end["accuracy"]),
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
