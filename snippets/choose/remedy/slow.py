"""What usual remedies do for SGD without momentum at a tenth of a good rate."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.train import train

SLOW = {"lr": 0.01, "momentum": 0.0}
REMEDIES = {
    "nothing": {},
    "rate × 10": {"lr": 0.1},
    "rate × 30": {"lr": 0.3},
    "momentum 0.9": {"momentum": 0.9},
    "momentum 0.9, rate ÷ 10": {"momentum": 0.9, "lr": 0.001},
    "warm-up and decay": {"warmup": 0.1, "fall": True},
    "both, rate × 30": {"warmup": 0.1, "fall": True, "lr": 0.3},
    "batch × 4": {"batch": 128},
    "batch × 4, rate × 4": {"batch": 128, "lr": 0.04},
    "batch ÷ 4, steps × 4": {"batch": 8, "steps": 320},
    "width × 2": {"width": 32},
    "half the width": {"width": 8},
}
SEARCHES = {
    "SGD": {"momentum": 0.9, "rates": (0.01, 0.03, 0.1, 0.3)},
    "Adam": {"adam": True, "rates": (0.003, 0.01, 0.03, 0.1)},
}


def table() -> str:
    """Tabulate training loss and accuracy; searches take the best validation loss."""
    trials = [SLOW | change for change in REMEDIES.values()]
    for search in SEARCHES.values():
        rest = {k: v for k, v in search.items() if k != "rates"}
        trials += [rest | {"lr": lr} for lr in search["rates"]]
    ends = train(trials, seeds=6)
    rows = dict(zip(REMEDIES, ends, strict=False))
    found = iter(ends[len(REMEDIES) :])
    for name, search in SEARCHES.items():
        tried = {lr: next(found) for lr in search["rates"]}
        best = min(tried, key=lambda lr: tried[lr]["validation"].mean().item())
        rows[f"{name}{', momentum 0.9' * (name == 'SGD')}, best lr: {best}"] = tried[
            best
        ]
    lines = ["| remedy | training loss | accuracy |", "| --- | --- | --- |"]
    for name, end in rows.items():
        cells = interval(end["train"], 2), interval(end["accuracy"])
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
