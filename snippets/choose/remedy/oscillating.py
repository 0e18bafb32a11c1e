"""What usual remedies do when noise, or when curvature, makes the loss swing."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

CAUSES = {
    "noise": {"lr": 0.6, "batch": 4, "momentum": 0.0},
    "curvature": {"lr": 3.0, "batch": 64, "momentum": 0.0},
}
REMEDIES = {
    "nothing": {},
    "rate ÷ 3": {"lr": 1 / 3},  # a factor
    "rate ÷ 10": {"lr": 0.1},
    "momentum 0.9": {"momentum": 0.9},
    "momentum 0.9, rate ÷ 10": {"momentum": 0.9, "lr": 0.1},
    "clip at 1.0": {"clip": 1.0},
    "decay to 0": {"fall": True},
    "batch × 4": {"batch": 4},
}


def table() -> str:
    """Tabulate the test accuracy for both causes."""
    trials = []
    for change in REMEDIES.values():
        for cause in CAUSES.values():
            scaled = {k: change.get(k, 1) * cause[k] for k in ("lr", "batch")}
            trials.append(cause | change | scaled)
    ends = iter(train(trials, seeds=6))
    lines = [f"| remedy | {' | '.join(CAUSES)} |", "| --- " * 3 + "|"]
    for name in REMEDIES:
        cells = [interval(next(ends)["accuracy"]) for _ in CAUSES]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
