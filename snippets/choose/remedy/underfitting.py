"""What usual remedies do for a network too small, and for ones held back too much."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

CAUSES = {
    "width 4": {"width": 4, "weight_decay": 0.0, "dropout": 0.0},
    "weight decay 0.1": {"width": 16, "weight_decay": 0.1, "dropout": 0.0},
    "dropout 0.5": {"width": 16, "weight_decay": 0.0, "dropout": 0.5},
}
# Factors; for the rate, the new value.
REMEDIES = {
    "nothing": {},
    "width × 3": {"width": 3},
    "both regularisers ÷ 10": {"weight_decay": 0.1, "dropout": 0.1},
    "both off": {"weight_decay": 0, "dropout": 0},
    "steps × 3": {"steps": 3},
    "rate × 3": {"lr": 3},
}


def table() -> str:
    """Tabulate test accuracy, in bold where it is that of the network that works."""
    trials = []
    for change in REMEDIES.values():
        for cause in CAUSES.values():
            base = {"lr": 0.1, "steps": 80} | cause
            trials.append({k: v * change.get(k, 1) for k, v in base.items()})
    ends = iter(train(trials, seeds=6))
    lines = [f"| remedy | {' | '.join(CAUSES)} |", "| --- " * 4 + "|"]
    for name in REMEDIES:
        cells = []
        for _ in CAUSES:
            accuracy = next(ends)["accuracy"]
            mark = "**" if accuracy.mean() > 80 else ""
            cells.append(f"{mark}{interval(accuracy)}{mark}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
