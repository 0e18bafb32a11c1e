"""Rounding to bfloat16 that is right on average."""

import torch
from torch import Tensor


@torch.no_grad()
def stochastic_round_(
    target: Tensor, source: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Copy float32 into bfloat16, up or down by chance, so that the mean is kept.

    A bfloat16 is the upper half of a float32. Random bits are added to the lower
    half, and the sum is cut off: what was there decides how often it carries.

    Args:
        target: bfloat16, any shape, written in place.
        source: float32, of the same shape.
        generator: Of random numbers, on the device of source.

    Returns:
        The target.

    Raises:
        ValueError: If the dtypes or the shapes are others.

    Source: Zamirai et al. 2021, arXiv:2010.06192.

    Examples:
        >>> target = torch.empty(100_000, dtype=torch.bfloat16)

        1.001 lies at 0.128 of the way from 1 to the next bfloat16, 1.0078125.

        >>> source = torch.full((100_000,), 1.001)
        >>> target.copy_(source).float().mean().item()
        1.0
        >>> mean = stochastic_round_(target, source).double().mean().item()
        >>> abs(mean - 1.001) < 1e-4
        True

        What a bfloat16 can hold is not changed.

        >>> exact = torch.randn(100_000).bfloat16()
        >>> torch.equal(stochastic_round_(target, exact.float()), exact)
        True
    """
    if target.dtype != torch.bfloat16 or source.dtype != torch.float32:
        got = f"{target.dtype} and {source.dtype}"
        raise ValueError(f"target and source must be bfloat16 and float32, got {got}")
    if target.shape != source.shape:
        got = f"{tuple(target.shape)} and {tuple(source.shape)}"
        raise ValueError(f"target and source must have the same shape, got {got}")
    bits = source.contiguous().view(torch.int32)
    noise = torch.randint_like(bits, 1 << 16, generator=generator)
    rounded = ((bits + noise) & -(1 << 16)).view(torch.float32)
    return target.copy_(rounded.where(source.isfinite(), source))
