"""What usual remedies do for three causes of a loss that explodes."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

CAUSES = {
    "rate × 30": {"lr": 3.0},
    "weights × 10": {"init": 10.0},
    "pixels to 16": {"raw": True},
}
REMEDIES = {
    "nothing": {},
    "rate ÷ 10": {"lr": 0.1},  # a factor
    "rate ÷ 100": {"lr": 0.01},
    "clip at 1.0": {"clip": 1.0},
    "clip, rate ÷ 10": {"clip": 1.0, "lr": 0.1},
    "warm-up, 20 %": {"warmup": 0.2},
    "momentum 0": {"momentum": 0.0},
    "Adam, lr 0.03": {"adam": True},
    "a quarter of the width": {"width": 4},
    "the cause removed": {"init": 1.0, "raw": False},
}


def table() -> str:
    """Tabulate test accuracy, in bold where it is that of the network that works."""
    trials = []
    for name, change in REMEDIES.items():
        for cause in CAUSES.values():
            lr = cause.get("lr", 0.1) * change.get("lr", 1)
            if name in ("Adam, lr 0.03", "the cause removed"):
                lr = 0.03 if "adam" in change else 0.1
            trials.append(cause | change | {"lr": lr})
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
