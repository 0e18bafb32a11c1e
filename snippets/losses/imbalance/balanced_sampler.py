"""A sampler that draws each class equally often."""

import torch
from torch import Tensor
from torch.utils.data import WeightedRandomSampler


def balanced_sampler(
    target: Tensor,
    num_samples: int | None = None,
    generator: torch.Generator | None = None,
) -> WeightedRandomSampler:
    """Draw samples with replacement, each with probability 1 / (size of its class).

    Args:
        target: Class index of every sample of the data set, in its order, `(N,)`; an
            integer dtype.
        num_samples: Draws in an epoch; N if not given.
        generator: Where the randomness comes from; torch's global one if not given.

    Returns:
        A sampler for `DataLoader(dataset, batch_size, sampler=...)`; leave `shuffle`
        out. Expect classes in equal shares, and a loss without class weights.

    Raises:
        ValueError: If `target` is not an integer tensor `(N,)`, or is empty.

    Source: `torch.utils.data.WeightedRandomSampler`, whose weights are for samples, not
    for classes.

    Examples:
        >>> target = torch.tensor([0] * 990 + [1] * 10)
        >>> sampler = balanced_sampler(target, generator=torch.manual_seed(0))
        >>> drawn = target[list(sampler)]
        >>> len(drawn), round(drawn.float().mean().item(), 1)
        (1000, 0.5)
    """
    if target.ndim != 1 or len(target) == 0 or target.is_floating_point():
        raise ValueError(
            "target must be an integer tensor (N,), N > 0, "
            f"got {target.dtype} of shape {tuple(target.shape)}"
        )
    _, index, count = target.unique(return_inverse=True, return_counts=True)
    weight = 1 / count.double()[index]
    return WeightedRandomSampler(
        weight.tolist(), num_samples or len(target), True, generator
    )
