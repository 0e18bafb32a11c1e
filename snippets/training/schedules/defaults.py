"""What each scheduler must be given and what it assumes, by introspection."""

import inspect

from torch.optim import lr_scheduler
from torch.optim.swa_utils import SWALR


def _schedulers() -> list[type]:
    found = [getattr(lr_scheduler, name) for name in lr_scheduler.__all__]
    return [c for c in found if c is not lr_scheduler.LRScheduler] + [SWALR]


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "1/3" if abs(value - 1 / 3) < 1e-9 else f"{value:g}"
    return repr(value)


def table() -> str:
    r"""One row a scheduler. `optimizer` and `last_epoch=-1` are left out.

    Examples:
        >>> r"| [StepLR](#steplr) | **step\_size**, gamma=0.1 |" in table()
        True
    """
    lines = ["| scheduler | **you give**, torch assumes |", "| --- | --- |"]
    for scheduler in _schedulers():
        parts = []
        for p in inspect.signature(scheduler).parameters.values():
            if p.name in ("optimizer", "last_epoch"):
                continue
            name = p.name.replace("_", r"\_")
            given = p.default is p.empty
            parts.append(f"**{name}**" if given else f"{name}={_shown(p.default)}")
        name = scheduler.__name__
        link = f"[{name.replace('Annealing', 'Annealing<wbr>')}](#{name.lower()})"
        lines.append(f"| {link} | {', '.join(parts)} |")
    return "\n".join(lines)
