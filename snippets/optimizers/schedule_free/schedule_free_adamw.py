"""Schedule-Free AdamW: gradients at one point, evaluation at a running average."""

from collections.abc import Callable

import torch
from torch.optim.optimizer import Optimizer, ParamsT


class ScheduleFreeAdamW(Optimizer):
    """Average the weights while training, and take gradients near the average.

    z takes AdamW's steps without momentum, x is the average of all z, and gradients are
    taken at y = beta1 * x + (1 - beta1) * z. The model holds x after `eval()`, else y.

    Args:
        params: Parameters or groups, as for any `torch.optim` optimizer.
        lr: Step of z, constant after the warm-up; start at 1 to 10 times AdamW's.
        betas: Share of x in y, and decay of the second moment.
        eps: Added to the root of the second moment.
        weight_decay: Decoupled, times `lr`, and proportional to y.
        warmup_steps: Steps in which the rate rises linearly to `lr`.
        r: The average weighs step t by t to this power.
        weight_lr_power: And by the largest rate so far to this power.

    Raises:
        ValueError: If an argument is out of its range.
        RuntimeError: In `step`, if called after `eval()`.

    Source: A. Defazio et al., The Road Less Scheduled, 2024, and the authors' code.

    Examples:
        >>> weight = torch.nn.Parameter(torch.ones(1))
        >>> optimizer = ScheduleFreeAdamW([weight], lr=0.1)
        >>> for _ in range(200):
        ...     weight.grad = 2 * weight.detach() + torch.randn(1)
        ...     optimizer.step()
        >>> y, z = weight.item(), optimizer.state[weight]["z"].item()
        >>> optimizer.eval()
        >>> abs(y - (0.9 * weight.item() + 0.1 * z)) < 1e-6
        True
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float = 2.5e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        r: float = 0.0,
        weight_lr_power: float = 2.0,
    ) -> None:
        if not (0 < betas[0] < 1 and 0 <= betas[1] < 1):
            raise ValueError(f"betas must be above 0 and below 1, got {betas}")
        own = {"lr": lr, "eps": eps, "weight_decay": weight_decay, "r": r}
        own |= {"warmup_steps": warmup_steps, "weight_lr_power": weight_lr_power}
        for name, value in own.items():
            if not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        own |= {"betas": betas, "train_mode": True}
        super().__init__(params, own | {"k": 0, "weight_sum": 0.0, "lr_max": 0.0})

    @torch.no_grad()
    def _move(self, train: bool) -> None:
        for group in self.param_groups:
            beta1, moves = group["betas"][0], group["train_mode"] != train
            for weight in group["params"]:
                if moves and "z" in self.state[weight]:
                    share = 1 - beta1 if train else 1 - 1 / beta1
                    weight.lerp_(self.state[weight]["z"], share)
            group["train_mode"] = train

    def train(self) -> None:
        """Put y into the model: where gradients are taken."""
        self._move(train=True)

    def eval(self) -> None:
        """Put x into the model: what to evaluate, save and deploy."""
        self._move(train=False)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Take one step, and return the loss of `closure`, if there is one."""
        if not all(g["train_mode"] for g in self.param_groups):
            raise RuntimeError("step needs the gradient at y: call optimizer.train()")
        with torch.enable_grad():
            loss = None if closure is None else closure()
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            k = group["k"] = group["k"] + 1
            rate = group["lr"] * min(1.0, k / max(1, group["warmup_steps"]))
            rate *= (1 - beta2**k) ** 0.5
            group["lr_max"] = max(rate, group["lr_max"])
            now = k ** group["r"] * group["lr_max"] ** group["weight_lr_power"]
            group["weight_sum"] += now
            share = now / group["weight_sum"] if group["weight_sum"] else 0.0
            for y in group["params"]:
                if y.grad is None:
                    continue
                state = self.state[y]
                if not state:
                    state["z"], state["exp_avg_sq"] = y.clone(), torch.zeros_like(y)
                z, v = state["z"], state["exp_avg_sq"]
                v.mul_(beta2).addcmul_(y.grad, y.grad, value=1 - beta2)
                update = y.grad / v.sqrt().add_(group["eps"])
                update.add_(y, alpha=group["weight_decay"])
                y.lerp_(z, share).sub_(update, alpha=rate * (1 - beta1 * (1 - share)))
                z.sub_(update, alpha=rate)
        return loss
