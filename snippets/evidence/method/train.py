"""The training loop that all networks of a stack share."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    loss: Callable,
    batches: Iterable[tuple[Tensor, ...]],
    schedule: Callable[[int], float] = lambda step: 1.0,
    clip: float | None = None,
    watch: Callable[[int], None] | None = None,
) -> Tensor:
    """Take one step for each batch.

    Args:
        model: A stack: its `run(function, *data)` maps over all networks.
        optimizer: Over the stack's `groups()`.
        loss: `loss(net, *batch)` of one network, a scalar.
        batches: Tensors whose first dimension is the number of seeds.
        schedule: What the learning rates are multiplied by in each step, from 0.
        clip: Largest norm of the gradient of one network; None does not clip.
        watch: Called with the number of steps taken, after each of them.

    Returns:
        The losses before each step, `(steps, settings, seeds)`.

    Raises:
        ValueError: If there is no batch.

    Source: torch.optim, torch.nn.utils.clip_grad_norm_ for the clipping.

    Examples:
        A network that the stack trains beside others, and alone:

        >>> from torch.func import functional_call
        >>> class Two(nn.Module):  # a stack of one setting and two linear models
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.weight = nn.Parameter(torch.ones(2, 1, 3))
        ...
        ...     def run(self, function, *data):
        ...         def one(weight, *data):
        ...             return function(lambda x: x @ weight.T, *data)
        ...
        ...         return torch.vmap(one)(self.weight, *data)[None]
        >>> def loss(net, x, y):
        ...     return (net(x) - y).square().mean()
        >>> stack, x, y = Two(), torch.randn(2, 8, 3), torch.randn(2, 8, 1)
        >>> optimizer = torch.optim.Adam(stack.parameters(), lr=0.1)
        >>> losses = train(stack, optimizer, loss, [(x, y)] * 20, clip=1.0)
        >>> alone = torch.ones(1, 3, requires_grad=True)
        >>> optimizer = torch.optim.Adam([alone], lr=0.1)
        >>> for _ in range(20):
        ...     optimizer.zero_grad()
        ...     loss(lambda x: x @ alone.T, x[1], y[1]).backward()
        ...     _ = nn.utils.clip_grad_norm_(alone, 1.0)
        ...     optimizer.step()
        >>> bool((stack.weight[1] - alone).abs().max() < 1e-5)
        True
    """
    rates = [group["lr"] for group in optimizer.param_groups]
    losses = []
    for step, batch in enumerate(batches):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * schedule(step)
        optimizer.zero_grad()
        each = model.run(loss, *batch)
        each.sum().backward()
        if clip is not None:
            _clip(optimizer, clip)
        optimizer.step()
        losses.append(each.detach())
        if watch:
            watch(step + 1)
    if not losses:
        raise ValueError("batches must hold at least one batch, got none")
    return torch.stack(losses)


def _clip(optimizer: torch.optim.Optimizer, limit: float) -> None:
    for group in optimizer.param_groups:
        gradients = [p.grad for p in group["params"]]  # (seeds, ...)
        squares = [g.flatten(1).square().sum(1) for g in gradients]
        norm = torch.stack(squares).sum(0).sqrt()
        factor = (limit / (norm + 1e-6)).clamp(max=1)
        for g in gradients:
            g.mul_(factor.view(-1, *[1] * (g.dim() - 1)))
