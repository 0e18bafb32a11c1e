"""Seed every global random generator of a training script."""

import random
import sys

import torch


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy if it is loaded, and torch on all devices.

    Call it once, before the model is built. Seeds fix the numbers that are drawn, not
    the order in which a kernel adds: see `torch.use_deterministic_algorithms`.

    Args:
        seed: From 0 to 2**32 - 1, the range that NumPy takes.

    Returns:
        A generator of its own for the data loader (`generator=`), so that the order of
        the data does not depend on how many numbers the model draws.

    Raises:
        ValueError: If `seed` is out of range.

    Source: torch.manual_seed, random.seed, numpy.random.seed.

    Examples:
        >>> generator = seed_everything(3)
        >>> first = (
        ...     random.random(),
        ...     torch.rand(1),
        ...     torch.randperm(5, generator=generator),
        ... )
        >>> generator = seed_everything(3)
        >>> again = (
        ...     random.random(),
        ...     torch.rand(1),
        ...     torch.randperm(5, generator=generator),
        ... )
        >>> all(bool((a == b).all()) for a, b in zip(first[1:], again[1:]))
        True
        >>> first[0] == again[0]
        True
        >>> seed_everything(-1)
        Traceback (most recent call last):
        ValueError: seed must be from 0 to 4294967295, got -1
    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"seed must be from 0 to {2**32 - 1}, got {seed}")
    random.seed(seed)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(seed)
    torch.manual_seed(seed)  # the CPU and every GPU
    return torch.Generator().manual_seed(seed)
