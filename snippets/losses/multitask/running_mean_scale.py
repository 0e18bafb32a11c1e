"""Scale balancing: each loss divided by a detached running mean of itself."""

import torch
from torch import Tensor, nn


class RunningMeanScale(nn.Module):
    """Sum over tasks of loss / running mean of that loss.

    The running mean is corrected for its start, so the first call divides each loss by
    itself. It is detached and moves in training mode only. The value hovers near T
    whatever the tasks do: log the losses, not this sum. No parameters.

    Args:
        count: number of losses, T.
        decay: share of the running mean that stays at each call, in [0, 1); 0 divides
            each loss by its own value.
        eps: smallest divisor, in the unit of the losses; positive.

    Shape:
        losses `(T,)`, floating, none negative -> scalar in float32, or wider.

    Raises:
        ValueError: if an argument is out of its range, or the losses do not have shape
            `(T,)`.

    Source: the gradient is that of the sum of log(loss) when `decay` is 0.

    Examples:
        The unit of a loss does not matter:

        >>> losses = torch.tensor([0.5, 2.0])
        >>> torch.allclose(
        ...     RunningMeanScale(2)(losses),
        ...     RunningMeanScale(2)(losses * torch.tensor([1.0, 1e6])),
        ... )
        True

        Without memory the gradient is that of the sum of logarithms, 1 / loss:

        >>> losses.requires_grad_()
        tensor([0.5000, 2.0000], requires_grad=True)
        >>> RunningMeanScale(2, decay=0.0)(losses).backward()
        >>> losses.grad
        tensor([2.0000, 0.5000])
    """

    def __init__(self, count: int, decay: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        if not 0 <= decay < 1:
            raise ValueError(f"decay must be in [0, 1), got {decay}")
        if not eps > 0:
            raise ValueError(f"eps must be positive, got {eps}")
        self.decay, self.eps = decay, eps
        self.register_buffer("total", torch.zeros(count))
        self.register_buffer("mass", torch.zeros(()))

    def forward(self, losses: Tensor) -> Tensor:
        if losses.shape != self.total.shape:
            raise ValueError(
                f"losses must have shape {tuple(self.total.shape)}, "
                f"got {tuple(losses.shape)}"
            )
        losses = losses.to(torch.promote_types(losses.dtype, torch.float32))
        if self.training:
            self.total.lerp_(losses.detach().to(self.total.dtype), 1 - self.decay)
            self.mass.lerp_(torch.ones_like(self.mass), 1 - self.decay)
        elif self.mass == 0:
            raise ValueError("losses must be seen in training mode before eval mode")
        return (losses / (self.total / self.mass).clamp(min=self.eps)).sum()
