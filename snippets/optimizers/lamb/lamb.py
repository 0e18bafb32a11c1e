"""LAMB: Adam's update, scaled in each tensor to a fixed part of the tensor's norm."""

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT


class Lamb(Optimizer):
    """Move every tensor by lr times its own norm, in the direction of AdamW.

    update = m_hat / (sqrt(v_hat) + eps) + weight_decay * w, and the tensor loses
    lr * |w| / |update| * update. The ratio is 1 where |w| or |update| is 0.

    Args:
        params: Parameters or groups; put biases and norms into a group with
            `"trust_ratio": False`, which makes them AdamW's.
        lr: Part of its norm that a tensor moves in a step.
        betas: Decay of the first and second moment.
        eps: Added to the root of the second moment.
        weight_decay: Part of the update, so it counts for the direction only.
        bias_correction: As in Adam; the paper's first and last versions differ.
        max_ratio: Largest allowed ratio; None for no limit.
        trust_ratio: False is AdamW.

    Raises:
        ValueError: If a number is negative or a beta is outside 0 to 1.

    Source: Y. You et al., Large Batch Optimization for Deep Learning, 2019.

    Examples:
        Half the weights, half the step, at any gradient:

        >>> weight = torch.nn.Parameter(torch.tensor([3.0, 4.0]))
        >>> optimizer = Lamb([weight], lr=0.1)
        >>> for scale in (1e-3, 1.0, 1e3):
        ...     before = weight.detach().clone()
        ...     weight.grad = scale * torch.tensor([1.0, -1.0])
        ...     optimizer.step()
        ...     step = (weight - before).norm() / before.norm()
        ...     print(f"{step.item():.3f}")
        0.100
        0.100
        0.100
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-6,
        weight_decay: float = 0.01,
        bias_correction: bool = True,
        max_ratio: float | None = None,
        trust_ratio: bool = True,
    ) -> None:
        if not all(0 <= beta < 1 for beta in betas):
            raise ValueError(f"betas must be from 0 to below 1, got {betas}")
        numbers = {"lr": lr, "eps": eps, "weight_decay": weight_decay}
        for name, value in (numbers | {"max_ratio": max_ratio or 0.0}).items():
            if not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        own = {"bias_correction": bias_correction, "max_ratio": max_ratio}
        own |= {"betas": betas, "trust_ratio": trust_ratio}
        super().__init__(params, numbers | own)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step, and return the loss of `closure`, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["step"] = torch.tensor(0.0)
                    state["exp_avg"] = torch.zeros_like(weight)
                    state["exp_avg_sq"] = torch.zeros_like(weight)
                state["step"] += 1
                t, m, v = state["step"].item(), state["exp_avg"], state["exp_avg_sq"]
                m.lerp_(weight.grad, 1 - beta1)
                v.mul_(beta2).addcmul_(weight.grad, weight.grad, value=1 - beta2)
                corrected = group["bias_correction"]
                c1, c2 = (1 - beta1**t, 1 - beta2**t) if corrected else (1.0, 1.0)
                update = (m / c1).div_((v / c2).sqrt_().add_(group["eps"]))
                update.add_(weight, alpha=group["weight_decay"])
                if group["trust_ratio"]:
                    w, u = weight.norm(), update.norm()
                    ratio = torch.where((w > 0) & (u > 0), w / u, 1.0)
                    update.mul_(ratio.clamp(max=group["max_ratio"] or torch.inf))
                weight.sub_(update, alpha=group["lr"])
        return loss
