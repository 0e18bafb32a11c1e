"""SAM: the gradient a little uphill of the weights, handed to any base optimizer."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.optim.optimizer import Optimizer, ParamsT


class SAM(Optimizer):
    """Go rho uphill, take the gradient there, come back, and let the base step.

    Uphill is rho * g / |g|, with the norm over all parameters. Adaptive (ASAM), it is
    rho * w² * g / |w * g|.

    Args:
        params: Parameters or groups, as for any `torch.optim` optimizer.
        base_optimizer: Class of the optimizer that takes the step.
        rho: Radius.
        adaptive: Measure the radius relative to each weight.
        **kwargs: Of the base optimizer, `lr` among them.

    Raises:
        ValueError: If `rho` is negative.
        TypeError: In `step`, if there is no closure.

    Source: P. Foret et al., Sharpness-Aware Minimization, 2020; adaptive: J. Kwon et
    al., ASAM, 2021.

    Examples:
        On half the squared weight, the gradient at 1 + rho:

        >>> weight = torch.nn.Parameter(torch.ones(1))
        >>> optimizer = SAM([weight], torch.optim.SGD, rho=0.5, lr=0.1)
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = weight.square().sum() / 2
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure).item()
        0.5
        >>> weight.data
        tensor([0.8500])
    """

    def __init__(
        self,
        params: ParamsT,
        base_optimizer: type[Optimizer],
        rho: float = 0.05,
        adaptive: bool = False,
        **kwargs: Any,
    ) -> None:
        if not rho >= 0:
            raise ValueError(f"rho must not be negative, got {rho}")
        self.base = base_optimizer(params, **kwargs)
        super().__init__(self.base.param_groups, {"rho": rho, "adaptive": adaptive})
        self._share()
        self.perturbed = False

    def _share(self) -> None:
        """Let both optimizers hold the same groups and the same state."""
        self.param_groups, self.state = self.base.param_groups, self.base.state

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group, with the base optimizer's defaults."""
        for name, value in self.base.defaults.items():
            param_group.setdefault(name, value)
        super().add_param_group(param_group)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load the groups and the state of the base optimizer."""
        self.base.load_state_dict(state_dict)
        self._share()

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor:
        """Call `closure` twice, step, and return the loss at the weights.

        `closure` clears the gradients, computes the loss and calls backward. While it
        runs for the second time, `perturbed` is True.
        """
        if closure is None:
            raise TypeError("SAM.step needs a closure that it can call twice")
        with torch.enable_grad():
            loss = closure()
        pairs = [
            (p, p.abs() if group["adaptive"] else torch.ones_like(p), group["rho"])
            for group in self.param_groups
            for p in group["params"]
            if p.grad is not None
        ]
        norm = torch.stack([(p.grad * scale).norm() for p, scale, _ in pairs]).norm()
        before = [p.clone() for p, _, _ in pairs]
        for p, scale, rho in pairs:
            p.add_(scale.square() * p.grad * (rho / (norm + 1e-12)))
        self.perturbed = True
        try:
            with torch.enable_grad():
                closure()
        finally:
            self.perturbed = False
            for (p, _, _), old in zip(pairs, before, strict=True):
                p.copy_(old)
        self.base.step()
        return loss
