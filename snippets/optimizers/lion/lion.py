"""Lion: the sign of a blended momentum is the step, and weight decay stays outside."""

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT


class Lion(Optimizer):
    """Move every weight by exactly lr, in the direction of a sign.

    c = beta1 * m + (1 - beta1) * g, the weight loses lr * sign(c) and lr * weight_decay
    of itself, then m = beta2 * m + (1 - beta2) * g. The only state is m.

    Args:
        params: Parameters or groups, as for any `torch.optim` optimizer.
        lr: Distance that each weight moves in a step; start at a third to a tenth of
            AdamW's.
        betas: How much of m goes into the sign, and how much of m is kept.
        weight_decay: Decoupled. From AdamW, multiply by what you divided `lr` by.
        maximize: Go uphill.

    Raises:
        ValueError: If `lr` or `weight_decay` is negative, or a beta is outside 0 to 1.
        RuntimeError: In `step`, if a gradient is sparse or a parameter is complex.

    Source: X. Chen et al., Symbolic Discovery of Optimization Algorithms, 2023.

    Examples:
        Gradients of any size, steps of one size, and none where the gradient is 0:

        >>> weight = torch.nn.Parameter(torch.ones(4))
        >>> optimizer = Lion([weight], lr=0.01)
        >>> weight.grad = torch.tensor([1e-9, -1.0, 1e6, 0.0])
        >>> optimizer.step()
        >>> weight.data
        tensor([0.9900, 1.0100, 0.9900, 1.0000])

        Weight decay does not enter the sign:

        >>> optimizer = Lion([weight], lr=0.01, weight_decay=1.0)
        >>> weight.grad = torch.zeros(4)
        >>> before = weight.detach().clone()
        >>> optimizer.step()
        >>> (weight / before).data
        tensor([0.9900, 0.9900, 0.9900, 0.9900])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        if not lr >= 0:
            raise ValueError(f"lr must not be negative, got {lr}")
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be from 0 to below 1, got {betas}")
        if not weight_decay >= 0:
            raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
        defaults = {"lr": lr, "betas": betas, "weight_decay": weight_decay}
        super().__init__(params, defaults | {"maximize": maximize})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step, and return the loss of `closure`, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, (beta1, beta2) = group["lr"], group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                if weight.grad.is_sparse or weight.is_complex():
                    raise RuntimeError("Lion takes dense gradients of real parameters")
                gradient = -weight.grad if group["maximize"] else weight.grad
                state = self.state[weight]
                if not state:
                    state["exp_avg"] = torch.zeros_like(weight)
                momentum = state["exp_avg"]
                weight.mul_(1 - lr * group["weight_decay"])
                weight.sub_(momentum.lerp(gradient, 1 - beta1).sign_(), alpha=lr)
                momentum.lerp_(gradient, 1 - beta2)
        return loss
