"""The gradient of one big batch from several micro-batches."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

Targets = Callable[[Tensor], Tensor | float]


def accumulate(
    model: nn.Module,
    loss_sum: Callable[[Tensor, Tensor], Tensor],
    micro_batches: Sequence[tuple[Tensor, Tensor]],
    divisor: Targets | None = None,
) -> Tensor:
    """Add the gradient of one mean over all targets of all micro-batches to `.grad`.

    The caller zeroes the gradients before, and clips and steps once after.

    Args:
        model: Called on the inputs of each micro-batch.
        loss_sum: Takes output and target, returns the sum of the losses, a scalar.
        micro_batches: Pairs of input and target; held in memory, so that their
            targets can be counted before the first backward.
        divisor: What the targets of one micro-batch add to the divisor. By default
            the number of elements other than -100. For class weights pass
            `lambda target: weight[target].sum()`.

    Returns:
        The mean loss, detached.

    Raises:
        ValueError: If there is nothing to divide by, or the loss is no scalar.

    Source: `torch.nn.functional.cross_entropy` with `reduction="mean"`.

    Examples:
        Any split gives the gradient of the mean over the whole batch.

        >>> from torch.nn import functional as F
        >>> model = nn.Linear(5, 3).double()
        >>> x, y = torch.randn(12, 5).double(), torch.randint(3, (12,))
        >>> y[::4] = -100
        >>> F.cross_entropy(model(x), y).backward()
        >>> whole = model.weight.grad.clone()
        >>> model.zero_grad()
        >>> sizes = [7, 4, 1]
        >>> parts = list(zip(x.split(sizes), y.split(sizes)))
        >>> add = lambda z, y: F.cross_entropy(z, y, reduction="sum")
        >>> loss = accumulate(model, add, parts)
        >>> torch.allclose(model.weight.grad, whole, rtol=1e-12, atol=1e-15)
        True
    """
    count = divisor or (lambda target: (target != -100).sum())
    total = sum(count(target) for _, target in micro_batches)
    if not total > 0:
        raise ValueError(f"micro_batches must hold a target to count, got {total}")
    mean = torch.zeros(())
    for x, target in micro_batches:
        loss = loss_sum(model(x), target)
        if loss.dim() != 0:
            shape = tuple(loss.shape)
            raise ValueError(f"loss_sum must return a scalar, got shape {shape}")
        loss = loss / total
        loss.backward()
        mean = mean.to(loss) + loss.detach()
    return mean
