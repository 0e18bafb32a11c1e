"""Schedules of ten steps, run for twenty."""

from torch.optim import lr_scheduler as ls
from torch.optim.swa_utils import SWALR

from snippets.training.schedules.lr_trace import lr_trace

END = 10
RUN = {
    "StepLR(5)": lambda o: ls.StepLR(o, 5),
    "MultiStepLR([5, 8])": lambda o: ls.MultiStepLR(o, [5, 8]),
    "ExponentialLR(0.8)": lambda o: ls.ExponentialLR(o, 0.8),
    "ConstantLR(1/3, 10)": lambda o: ls.ConstantLR(o, 1 / 3, 10),
    "LinearLR(1.0, 0.1, 10)": lambda o: ls.LinearLR(o, 1.0, 0.1, 10),
    "PolynomialLR(10)": lambda o: ls.PolynomialLR(o, 10),
    "CosineAnnealingLR(10)": lambda o: ls.CosineAnnealingLR(o, 10),
    "CosineAnnealingWarmRestarts(10)": lambda o: ls.CosineAnnealingWarmRestarts(o, 10),
    "CyclicLR(0.01, 0.1, 5)": lambda o: ls.CyclicLR(o, 0.01, 0.1, 5),
    "OneCycleLR(0.1, 10)": lambda o: ls.OneCycleLR(o, 0.1, total_steps=10),
    "SWALR(0.05)": lambda o: SWALR(o, 0.05),
}


def _verdict(rates: list[float]) -> str:
    if len(rates) < 2 * END:
        return "**raises**"
    after = rates[END:]
    if max(after) - min(after) < 1e-9:
        return "stays"
    if after[0] > 2 * rates[END - 1] and max(after) == after[0]:
        return "**starts again**"
    if max(after) == after[0]:
        return "falls on"
    return "**rises**"


def _run(build) -> list[float]:
    for steps in range(2 * END, 0, -1):
        try:
            return lr_trace(build, steps)
        except ValueError:
            continue
    raise RuntimeError("no step could be taken")


def table() -> str:
    """The learning rate of steps 10, 11 and 20 (counted from 1), from 0.1.

    Examples:
        >>> [row.split(" | ")[1] for row in table().splitlines()[-6:]]
        ['stays', '**rises**', '**starts again**', '**rises**', '**raises**', 'stays']
    """
    lines = [
        "| scheduler | then | 10 | 11 | 20 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, build in RUN.items():
        rates = _run(build)
        cells = [f"{rates[i]:.1g}" if i < len(rates) else "" for i in (9, 10, 19)]
        name = name.replace("Annealing", "Annealing<wbr>")
        lines.append(f"| {name} | {_verdict(rates)} | {' | '.join(cells)} |")
    return "\n".join(lines)
