"""AdamW on lists of tensors, which a compiler can trace."""

from collections.abc import Callable, Iterable
from typing import Any

import torch


class CustomAdamWForeach(torch.optim.Optimizer):
    """AdamW with one call per operation and group, not per parameter.

    Equal to `AdamW(foreach=True)` to the last bit; compiled, it differs by rounding.

    Args:
        params: Parameters, named parameters, or groups of them as dicts.
        lr: Learning rate, at least 0.
        betas: Decay rates of the two moments, each in [0, 1).
        eps: Added to the root of the second moment, at least 0.
        weight_decay: Decoupled decay, at least 0.
        maximize: Whether to go uphill.

    Raises:
        ValueError: If a value is out of range, in a group as in the constructor.
        RuntimeError: If a gradient is sparse.

    Source: `torch.optim.AdamW`, `foreach=True`.

    Examples:
        >>> ours, theirs = torch.ones(3), torch.ones(3)
        >>> optimizers = CustomAdamWForeach([ours]), torch.optim.AdamW([theirs])
        >>> for t in range(100):
        ...     for p, optimizer in zip((ours, theirs), optimizers):
        ...         p.grad = (p + t).sin()
        ...         optimizer.step()
        >>> torch.equal(ours, theirs)
        True
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        maximize: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
        }
        super().__init__(params, defaults)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Check and add a group; the constructor comes through here too."""
        options = self.defaults | param_group
        for name in ("lr", "eps", "weight_decay"):
            if not options[name] >= 0:
                raise ValueError(f"{name} must be at least 0, got {options[name]}")
        if not all(0 <= beta < 1 for beta in options["betas"]):
            raise ValueError(f"betas must be in [0, 1), got {options['betas']}")
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Move the parameters; returns what the closure returns, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                self._update(params, [p.grad for p in params], group)
        return loss

    def _update(self, params: list, grads: list, group: dict[str, Any]) -> None:
        if any(g.is_sparse for g in grads):
            raise RuntimeError("CustomAdamWForeach wants dense gradients, got sparse")
        for p in params:
            if not self.state[p]:
                self.state[p]["step"] = torch.tensor(0.0)
                self.state[p]["exp_avg"] = torch.zeros_like(p)
                self.state[p]["exp_avg_sq"] = torch.zeros_like(p)
        steps = [self.state[p]["step"] for p in params]
        ms = [self.state[p]["exp_avg"] for p in params]
        vs = [self.state[p]["exp_avg_sq"] for p in params]
        lr, (beta1, beta2) = group["lr"], group["betas"]

        if group["maximize"]:
            grads = torch._foreach_neg(grads)
        torch._foreach_add_(steps, 1)
        compiling = torch.compiler.is_compiling()  # .item() would stop the compiler
        ts = steps if compiling else [step.item() for step in steps]
        sizes = [-lr / (1 - beta1**t) for t in ts]
        torch._foreach_mul_(params, 1 - lr * group["weight_decay"])
        torch._foreach_lerp_(ms, grads, 1 - beta1)
        torch._foreach_mul_(vs, beta2)
        torch._foreach_addcmul_(vs, grads, grads, 1 - beta2)
        roots = torch._foreach_sqrt(vs)
        torch._foreach_div_(roots, [(1 - beta2**t) ** 0.5 for t in ts])
        torch._foreach_add_(roots, group["eps"])
        if compiling:
            torch._foreach_div_(roots, sizes)
            torch._foreach_addcdiv_(params, ms, roots)
        else:
            torch._foreach_addcdiv_(params, ms, roots, sizes)
