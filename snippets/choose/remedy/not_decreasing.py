"""What usual remedies do for a rate too low, and for labels of other samples."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

CAUSES = {"rate ÷ 100": {"lr": 0.001}, "labels shifted": {"lr": 0.1, "shifted": True}}
REMEDIES = {
    "nothing": {},
    "rate × 10": {"lr": 10.0},  # a factor
    "rate × 100": {"lr": 100.0},
    "clip at 1.0": {"clip": 1.0},
    "batch × 4": {"batch": 128},
    "steps × 3": {"steps": 240},
    "Adam, lr 0.03": {"adam": True},
    "half the width": {"width": 8},
    "width × 2": {"width": 32},
    "labels in place": {"shifted": False},
}


def table() -> str:
    """Tabulate test accuracy, in bold where it is that of the network that works."""
    trials = []
    for change in REMEDIES.values():
        for cause in CAUSES.values():
            lr = 0.03 if "adam" in change else cause["lr"] * change.get("lr", 1)
            trials.append(cause | change | {"lr": lr})
    ends = iter(train(trials, seeds=6))
    lines = [f"| remedy | {' | '.join(CAUSES)} |", "| --- " * 3 + "|"]
    for name in REMEDIES:
        cells = []
        for _ in CAUSES:
            accuracy = next(ends)["accuracy"]
            mark = "**" if accuracy.mean() > 80 else ""
            cells.append(f"{mark}{interval(accuracy)}{mark}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
