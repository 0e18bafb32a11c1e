"""What usual remedies do for a run that ends on a plateau of gradient noise."""

from snippets.choose.remedy.interval import interval
from snippets.choose.remedy.overfitting import _ensembles
from snippets.choose.remedy.train import train

PLATEAU = {"lr": 0.06, "batch": 8, "steps": 200, "wrong": 0.2}
REMEDIES = {
    "nothing": {},
    "decay to 0": {"fall": True},
    "warm-up and decay": {"fall": True, "warmup": 0.1},
    "rate ÷ 3": {"lr": 0.02},
    "rate ÷ 10": {"lr": 0.006},
    "steps × 2": {"steps": 400},
    "steps × 2, decay": {"steps": 400, "fall": True},
    "batch × 8": {"batch": 64},
    "early stopping": {"stop": True},
}
SEARCHES = {
    "SGD": {"rates": (0.02, 0.06, 0.2)},
    "Adam": {"adam": True, "rates": (0.01, 0.03, 0.1)},
}


def table() -> str:
    """Tabulate test loss and accuracy; searches take the best validation loss."""
    trials = [PLATEAU | change for change in REMEDIES.values()]
    for search in SEARCHES.values():
        rest = {k: v for k, v in search.items() if k != "rates"} | {"fall": True}
        trials += [PLATEAU | rest | {"lr": lr} for lr in search["rates"]]
    ends = train(trials, seeds=6)
    rows = dict(zip(REMEDIES, ends, strict=False))
    found = iter(ends[len(REMEDIES) :])
    for name, search in SEARCHES.items():
        tried = {lr: next(found) for lr in search["rates"]}
        best = min(tried, key=lambda lr: tried[lr]["validation"].mean().item())
        rows[f"{name} and decay, best lr: {best}"] = tried[best]
    rows["ensemble of 5"] = _ensembles(PLATEAU)
    rows["ensemble of 5, decay"] = _ensembles(PLATEAU | {"fall": True})
    lines = ["| remedy | test loss | accuracy |", "| --- | --- | --- |"]
    for name, end in rows.items():
        cells = interval(end["loss"], 2), interval(end["accuracy"])
        lines.append(f"| {name} | {cells[0]} | {cells[1]} |")
    return "\n".join(lines)
