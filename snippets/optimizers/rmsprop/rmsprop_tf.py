"""RMSprop with the conventions of TensorFlow, for recipes that come from there."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.optim import Optimizer


class RMSpropTF(Optimizer):
    r"""RMSprop with eps inside the root, a first average of 1, lr in the buffer.

    $v_t = \beta_2 v_{t-1} + (1 - \beta_2) g_t^2$ from $v_0 = 1$,
    $m_t = \beta_1 m_{t-1} + \eta\, g_t / \sqrt{v_t + \epsilon}$,
    $\theta_t = \theta_{t-1} - m_t$.

    Args:
        params: Parameters or groups.
        lr: Learning rate.
        alpha: Decay of the average of squares; TensorFlow calls it decay or rho.
        eps: Added under the root.
        weight_decay: L2, added to the gradient.
        momentum: Decay of the buffer.

    Raises:
        ValueError: If a hyper-parameter is out of range.
        RuntimeError: If a gradient is sparse.

    Source: `RMSPropOptimizer` of TensorFlow 1; `RMSpropTF` of timm.

    Examples:
        The first step is not larger than lr.

        >>> weight = torch.nn.Parameter(torch.tensor(0.0))
        >>> optimizer = RMSpropTF([weight], lr=0.01)
        >>> weight.grad = torch.tensor(1.0)
        >>> optimizer.step()
        >>> round(-weight.item(), 4)
        0.01
        >>> weight.grad = torch.tensor(0.1)  # with torch.optim.RMSprop: 0.02 more
        >>> optimizer.step()
        >>> round(-weight.item(), 4)
        0.0111
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 1e-2,
        alpha: float = 0.9,
        eps: float = 1e-10,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
    ) -> None:
        limits = {"alpha": (alpha, 1.0), "momentum": (momentum, 1.0)}
        limits |= {"lr": (lr, torch.inf), "eps": (eps, torch.inf)}
        limits |= {"weight_decay": (weight_decay, torch.inf)}
        for name, (value, limit) in limits.items():
            if not 0 <= value < limit:
                raise ValueError(f"{name} must be from 0 to below {limit}, got {value}")
        defaults = {name: value for name, (value, _) in limits.items()}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Take one step; a closure is evaluated first, with gradients."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise RuntimeError("RMSpropTF does not support sparse gradients")
                state = self.state[p]
                if not state:
                    state["square_avg"] = torch.ones_like(p)
                    state["momentum_buffer"] = torch.zeros_like(p)
                v, m = state["square_avg"], state["momentum_buffer"]
                g = p.grad.add(p, alpha=group["weight_decay"])
                v.lerp_(g.square(), 1 - group["alpha"])
                root = v.add(group["eps"]).sqrt_()
                m.mul_(group["momentum"]).addcdiv_(g, root, value=group["lr"])
                p.sub_(m)
        return loss
