"""GradNorm: loss weights that make the tasks pull equally hard at shared parameters."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn


class GradNorm(nn.Module):
    """Weighted sum of losses whose weights follow the gradient norms.

    With g the norm of a task's gradient on the shared parameters and r its loss over
    its first loss, relative to the mean of that ratio, the weights move towards
    w = r**alpha / g, scaled to sum to T. They are buffers, saved with the module, and
    move in training mode only. Each call costs a backward pass for each task.

    Args:
        count: number of losses, T.
        alpha: 0 for equal pulls; larger to favour the tasks that have improved least.
        rate: part of the way, in logarithms, that the weights go at each call; (0, 1].

    Shape:
        losses `(T,)`, floating, positive, with a graph; parameters: the shared tensors,
        best those of the last shared layer -> scalar with a graph that is kept.

    Raises:
        ValueError: if an argument is out of its range, the losses do not have shape
            `(T,)`, or a task has no gradient on the shared parameters.

    Source: Chen et al. 2018, GradNorm. The paper takes gradient steps on the sum of
    |w * g - mean(w * g) * r**alpha|. We go towards the weights for which w * g is in
    the ratio of r**alpha, which is where that sum is zero for alpha 0 and 1; so there
    is no second optimizer and no weight can become negative.

    Examples:
        One loss pulls 100 times harder, so it gets a hundredth of the weight:

        >>> theta = torch.tensor([1.0], requires_grad=True)
        >>> losses = torch.stack([theta.square().sum(), 100 * theta.square().sum()])
        >>> criterion = GradNorm(2, alpha=0.0, rate=1.0)
        >>> criterion(losses, [theta]).backward()
        >>> criterion.weights
        tensor([1.9802, 0.0198])
    """

    def __init__(self, count: int, alpha: float = 1.0, rate: float = 0.05) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        if not alpha >= 0:
            raise ValueError(f"alpha must not be negative, got {alpha}")
        if not 0 < rate <= 1:
            raise ValueError(f"rate must be in (0, 1], got {rate}")
        self.alpha, self.rate = alpha, rate
        self.register_buffer("weights", torch.ones(count))
        self.register_buffer("first", torch.zeros(count))

    def forward(self, losses: Tensor, parameters: Iterable[Tensor]) -> Tensor:
        if losses.shape != self.weights.shape:
            raise ValueError(
                f"losses must have shape {tuple(self.weights.shape)}, "
                f"got {tuple(losses.shape)}"
            )
        if self.training:
            self._move(losses, list(parameters))
        return (self.weights * losses).sum()

    def _move(self, losses: Tensor, shared: list[Tensor]) -> None:
        norms = []
        for loss in losses:
            grads = torch.autograd.grad(loss, shared, retain_graph=True)
            norms.append(torch.stack([g.float().norm() for g in grads]).norm())
        norm = torch.stack(norms)
        if not (norm > 0).all():
            raise ValueError(f"losses must all reach parameters, norms {norm.tolist()}")
        if not self.first.any():
            self.first.copy_(losses.detach())
        ratio = losses.detach().float() / self.first
        goal = self.alpha * (ratio / ratio.mean()).log() - norm.log()
        goal = len(norm) * goal.softmax(dim=0)
        logs = torch.lerp(self.weights.log(), goal.log(), self.rate)
        # a new tensor: the last graph may still need the old one
        self.weights = len(norm) * logs.softmax(dim=0)
