"""Stop after five of ten steps and go on, in the right order and in two wrong ones."""

from copy import deepcopy

import torch
from torch.optim import SGD, Optimizer
from torch.optim import lr_scheduler as ls

SHOWN = {
    "LambdaLR": lambda o: ls.LambdaLR(o, lambda k: 0.9**k),
    "LinearLR": lambda o: ls.LinearLR(o, total_iters=8),
    "CosineAnnealingLR": lambda o: ls.CosineAnnealingLR(o, 10),
    "OneCycleLR": lambda o: ls.OneCycleLR(o, 0.1, total_steps=12),
    "SequentialLR": lambda o: ls.SequentialLR(
        o, [ls.LinearLR(o, 0.1, total_iters=3), ls.CosineAnnealingLR(o, 7)], [3]
    ),
}


def _optimizer() -> Optimizer:
    return SGD([torch.nn.Parameter(torch.ones(2))], lr=0.1, momentum=0.9)


def _train(optimizer: Optimizer, scheduler: ls.LRScheduler) -> list[float]:
    rates = []
    for _ in range(5):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def _rates(build) -> dict[str, list[float]]:
    optimizer = _optimizer()
    scheduler = build(optimizer)
    _train(optimizer, scheduler)
    saved = deepcopy((optimizer.state_dict(), scheduler.state_dict()))
    found = {"as if never stopped": _train(optimizer, scheduler)}

    optimizer = _optimizer()
    scheduler = build(optimizer)
    optimizer.load_state_dict(saved[0])
    scheduler.load_state_dict(deepcopy(saved[1]))
    found["right"] = _train(optimizer, scheduler)

    optimizer = _optimizer()
    optimizer.load_state_dict(saved[0])
    scheduler = build(optimizer)
    scheduler.load_state_dict(deepcopy(saved[1]))
    found["built last"] = _train(optimizer, scheduler)

    optimizer = _optimizer()
    scheduler = build(optimizer)
    optimizer.load_state_dict(saved[0])
    found["not loaded"] = _train(optimizer, scheduler)
    return found


def table() -> str:
    """The learning rate of the first and the third step after the restart.

    Examples:
        >>> for build in SHOWN.values():
        ...     found = _rates(build)
        ...     assert found["right"] == found["as if never stopped"]
    """
    heads = "right", "built last", "not loaded"
    lines = [f"| scheduler | {' | '.join(heads)} |", "| --- | --- | --- | --- |"]
    for name, build in SHOWN.items():
        found = _rates(build)
        cells = [f"{found[h][0]:.2g}, {found[h][2]:.2g}" for h in heads]
        cells = [c if c == cells[0] else f"**{c}**" for c in cells]
        name = name.replace("Annealing", "Annealing<wbr>")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)
