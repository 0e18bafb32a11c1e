"""Quantiles that cannot cross: the lowest one plus positive increments."""

import torch
from torch import Tensor
from torch.nn import functional as F


def non_crossing_quantiles(raw: Tensor) -> Tensor:
    """Turn Q unconstrained outputs into Q values that never decrease.

    The first output is the lowest quantile; softplus of each further output is added
    to the one before. Train with the result in place of the raw outputs.

    Args:
        raw: `(N, Q)`, or `(*, Q)`; floating point; any values. Initial outputs near 0
            put the quantiles 0.69 apart, so standardise the target.

    Returns:
        The shape of `raw`, never decreasing along the last dimension. Half-precision
        input is computed and returned in float32.

    Raises:
        ValueError: If `raw` has no last dimension or an empty one.

    Source: `torch.nn.functional.softplus`, `torch.cumsum`.

    Examples:
        >>> non_crossing_quantiles(torch.tensor([[1.0, 0.0, 0.0]]))
        tensor([[1.0000, 1.6931, 2.3863]])

        Any output is valid, and each quantile moves all quantiles above it:

        >>> raw = torch.randn(100, 9, generator=torch.Generator().manual_seed(0))
        >>> (non_crossing_quantiles(100 * raw).diff(dim=1) >= 0).all()
        tensor(True)
        >>> raw = torch.zeros(3, requires_grad=True)
        >>> torch.autograd.grad(non_crossing_quantiles(raw)[2], raw)[0]
        tensor([1.0000, 0.5000, 0.5000])
    """
    if raw.ndim == 0 or raw.shape[-1] == 0:
        raise ValueError(f"raw must have shape (*, Q) with Q > 0, got {(*raw.shape,)}")
    raw = raw.to(torch.promote_types(raw.dtype, torch.float32))
    first, rest = raw[..., :1], raw[..., 1:]
    return torch.cat([first, F.softplus(rest)], dim=-1).cumsum(dim=-1)
