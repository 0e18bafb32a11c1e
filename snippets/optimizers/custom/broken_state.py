"""What check_optimizer says of options and state that are often copied."""

import torch
from torch.optim import Optimizer

from snippets.optimizers.custom.broken_steps import _Sound
from snippets.optimizers.custom.check_optimizer import check_optimizer


class _Defaults(_Sound):
    def update(self, p, group):
        p.add_(p.grad, alpha=-self.defaults["lr"] * (-1 if group["maximize"] else 1))


class _Attribute(_Sound):
    def __init__(self, params, lr=0.1):
        super().__init__(params, lr)
        self.t = 0

    def update(self, p, group):
        self.t += 1
        p.add_(p.grad, alpha=-group["lr"] / self.t)


class _ByIndex(_Sound):
    def update(self, p, group):
        i = [q is p for q in group["params"]].index(True)
        m = self.state[i].setdefault("m", torch.zeros_like(p))
        m.mul_(0.9).add_(p.grad)
        p.add_(m, alpha=-group["lr"] * (-1 if group["maximize"] else 1))


class _Counter(_Sound):
    def update(self, p, group):
        t = self.state[p].setdefault("t", torch.tensor(0.0))
        t += 1
        p.add_(p.grad / t, alpha=-group["lr"] * (-1 if group["maximize"] else 1))


class _Wide(_Sound):
    def update(self, p, group):
        m = self.state[p].setdefault("m", torch.zeros_like(p, dtype=torch.float32))
        m.mul_(0.9).add_(p.grad)
        p.add_(m, alpha=-group["lr"] * (-1 if group["maximize"] else 1))


class _Unchecked(_Sound):
    def __init__(self, params, lr=0.1):
        Optimizer.__init__(self, params, {"lr": lr, "maximize": False})


class _Downhill(_Sound):
    def update(self, p, group):
        p.add_(p.grad, alpha=-group["lr"])


SKELETONS = {
    '`self.defaults["lr"]`': _Defaults,
    "counter in `self.t`": _Attribute,
    "`self.state[i]`": _ByIndex,
    '`state["t"]`, a tensor': _Counter,
    "float32 moments": _Wide,
    "`lr` not checked": _Unchecked,
    "`maximize` ignored": _Downhill,
}


def table() -> str:
    """Tabulate each broken optimizer with the faults that are found."""
    rows = ["| copied code | `check_optimizer` |", "| --- | --- |"]
    for name, make in SKELETONS.items():
        rows.append(f"| {name} | {'<br>'.join(check_optimizer(make))} |")
    return "\n".join(rows)
