"""LARS: SGD with momentum in which each tensor's step is in proportion to its norm."""

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT


class Lars(Optimizer):
    """Scale each tensor's gradient to a fixed part of the tensor's norm, then do SGD.

    ratio = trust_coefficient * |w| / (|g| + weight_decay * |w| + eps), then momentum
    over ratio * (g + weight_decay * w). The ratio is 1 where |w| or |g| is 0.

    Args:
        params: Parameters or groups; put biases and norms into a group with
            `"trust_ratio": False`.
        lr: Multiplies the scaled gradient, momentum included.
        momentum: As in `torch.optim.SGD`.
        weight_decay: L2, inside the ratio.
        trust_coefficient: Part of its norm that a tensor moves at `lr` 1, without
            momentum.
        eps: Added to the denominator of the ratio.
        trust_ratio: False is plain SGD.

    Raises:
        ValueError: If a number is negative.

    Source: Y. You et al., Large Batch Training of Convolutional Networks, 2017.

    Examples:
        >>> weight = torch.nn.Parameter(torch.full((4,), 2.0))
        >>> optimizer = Lars([weight], lr=1.0, momentum=0.0, trust_coefficient=0.01)
        >>> weight.grad = 1e6 * torch.ones(4)
        >>> optimizer.step()
        >>> weight.data
        tensor([1.9800, 1.9800, 1.9800, 1.9800])
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 0.001,
        eps: float = 1e-8,
        trust_ratio: bool = True,
    ) -> None:
        numbers = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        numbers |= {"trust_coefficient": trust_coefficient, "eps": eps}
        for name, value in numbers.items():
            if not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        super().__init__(params, numbers | {"trust_ratio": trust_ratio})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step, and return the loss of `closure`, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            decay = group["weight_decay"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                update = weight.grad.add(weight, alpha=decay)
                if group["trust_ratio"]:
                    w, g = weight.norm(), weight.grad.norm()
                    ratio = w / (g + decay * w + group["eps"])
                    ratio = group["trust_coefficient"] * ratio
                    update.mul_(torch.where((w > 0) & (g > 0), ratio, 1.0))
                state = self.state[weight]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(weight)
                buffer = state["momentum_buffer"]
                buffer.mul_(group["momentum"]).add_(update)
                weight.sub_(buffer, alpha=group["lr"])
        return loss
