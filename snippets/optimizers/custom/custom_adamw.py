"""AdamW from scratch, equal to torch's to the last bit."""

from collections.abc import Callable, Iterable
from typing import Any

import torch


class CustomAdamW(torch.optim.Optimizer):
    """AdamW that computes what `torch.optim.AdamW(foreach=False)` computes.

    State and groups have torch's names, so checkpoints go both ways.

    Args:
        params: Parameters, named parameters, or groups of them as dicts.
        lr: Learning rate, at least 0.
        betas: Decay rates of the two moments, each in [0, 1).
        eps: Added to the root of the second moment, at least 0.
        weight_decay: Decoupled decay, at least 0; a step multiplies by
            `1 - lr * weight_decay`.
        maximize: Whether to go uphill.

    Raises:
        ValueError: If a value is out of range, in a group as in the constructor.
        RuntimeError: If a gradient is sparse.

    Source: `torch.optim.AdamW`, `foreach=False`.

    Examples:
        >>> ours, theirs = torch.ones(3), torch.ones(3)
        >>> optimizers = CustomAdamW([ours]), torch.optim.AdamW([theirs], foreach=False)
        >>> for t in range(100):
        ...     for p, optimizer in zip((ours, theirs), optimizers):
        ...         p.grad = (p + t).sin()
        ...         optimizer.step()
        >>> torch.equal(ours, theirs)
        True
        >>> optimizers[0].load_state_dict(optimizers[1].state_dict())
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
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("CustomAdamW wants dense gradients, got sparse")
                g = -p.grad if group["maximize"] else p.grad
                state = self.state[p]
                if not state:
                    state["step"] = torch.tensor(0.0)
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                m, v = state["exp_avg"], state["exp_avg_sq"]
                state["step"] += 1
                t = state["step"].item()
                p.mul_(1 - lr * group["weight_decay"])
                m.lerp_(g, 1 - beta1)
                v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
                root = (v.sqrt() / (1 - beta2**t) ** 0.5).add_(group["eps"])
                p.addcdiv_(m, root, value=-lr / (1 - beta1**t))
        return loss
