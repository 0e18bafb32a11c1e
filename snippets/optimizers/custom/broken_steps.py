"""What check_optimizer says of steps that are often copied."""

import torch
from torch.optim import Optimizer

from snippets.optimizers.custom.check_optimizer import check_optimizer


class _Sound(Optimizer):
    def __init__(self, params, lr=0.1, maximize=False):
        if not lr >= 0:
            raise ValueError(f"lr must be at least 0, got {lr}")
        super().__init__(params, {"lr": lr, "maximize": maximize})

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, group)
        return loss

    def update(self, p, group):
        m = self.state[p].setdefault("m", torch.zeros_like(p))
        m.mul_(0.9).add_(p.grad)
        p.add_(m, alpha=group["lr"] * (1 if group["maximize"] else -1))


class _GradMode(_Sound):
    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            p -= self.param_groups[0]["lr"] * p.grad


class _Rebinds(_Sound):
    def update(self, p, group):
        p = p - group["lr"] * p.grad


class _Replaces(_Sound):
    def update(self, p, group):
        p.data = p.data - group["lr"] * p.grad


class _Graph(_Sound):
    @torch.enable_grad()
    def update(self, p, group):
        m = self.state[p].get("m", 0)
        self.state[p]["m"] = 0.9 * m + p.grad + 0.01 * p
        p.data.add_(self.state[p]["m"], alpha=-group["lr"])


class _InGradient(_Sound):
    def update(self, p, group):
        p.grad.add_(p, alpha=0.01)
        super().update(p, group)


class _NoneIsZero(_Sound):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.mul_(1 - 0.01 * group["lr"])
        return super().step(closure)


class _NoClosure(_Sound):
    def step(self):
        return super().step()


class _NoGradClosure(_Sound):
    @torch.no_grad()
    def step(self, closure=None):
        loss = closure() if closure is not None else None
        super().step()
        return loss


class _ReturnsNothing(_Sound):
    def step(self, closure=None):
        super().step(closure)


SKELETONS = {
    "no `@torch.no_grad()`": _GradMode,
    "`p = p - lr * p.grad`": _Rebinds,
    "`p.data = p.data - …`": _Replaces,
    "`p.data.add_`, graph on": _Graph,
    "decay added to `p.grad`": _InGradient,
    "`None` is not skipped": _NoneIsZero,
    "`def step(self)`": _NoClosure,
    "closure under `no_grad`": _NoGradClosure,
    "no `return loss`": _ReturnsNothing,
}


def table() -> str:
    """Tabulate each broken step with the faults that are found."""
    rows = ["| copied step | `check_optimizer` |", "| --- | --- |"]
    for name, make in SKELETONS.items():
        rows.append(f"| {name} | {'<br>'.join(check_optimizer(make))} |")
    return "\n".join(rows)
