"""Class weights from the targets: inverse frequency, or the effective number."""

import math

import torch
from torch import Tensor


def class_weights(
    target: Tensor, num_classes: int, beta: float = 1.0, ignore_index: int = -100
) -> Tensor:
    """Weigh each class by one over its effective number of samples.

    A class of n samples counts as (1 - beta**n) / (1 - beta): n itself at beta 1, which
    is inverse frequency, total / (classes * n), and 1 at beta 0, which is no weight.
    The scale is such that the weights of the given targets average 1.

    Args:
        target: Class indices of the training set, any shape; an integer dtype.
        num_classes: C; a class that never occurs gets the weight 0, not inf.
        beta: From 0 to 1. The paper tries 0.9, 0.99, 0.999 and 0.9999.
        ignore_index: Targets of this value are not counted.

    Returns:
        Weights `(C,)`, float32, on the device of `target`.

    Raises:
        ValueError: If `target` is not integer, is out of range or has nothing to
            count, or if `beta` is outside 0 to 1.

    Source: Y. Cui et al., Class-Balanced Loss Based on Effective Number of Samples,
    2019, who scale to a sum of C instead.

    Examples:
        >>> target = torch.tensor([0] * 1000 + [1] * 100)
        >>> class_weights(target, 2)
        tensor([0.5500, 5.5000])

        A class without samples, and effective numbers, which weigh less:

        >>> class_weights(target, 3)
        tensor([0.5500, 5.5000, 0.0000])
        >>> weight = class_weights(target, 2, beta=0.99)
        >>> round((weight[1] / weight[0]).item(), 2)
        1.58
    """
    if target.is_floating_point() or target.is_complex():
        raise ValueError(f"target must hold integers, got {target.dtype}")
    if not 0 <= beta <= 1:
        raise ValueError(f"beta must be from 0 to 1, got {beta}")
    target = target[target != ignore_index].long()
    if target.numel() == 0:
        raise ValueError("target must hold at least one class index, got none")
    low, high = target.min().item(), target.max().item()
    if low < 0 or high >= num_classes:
        raise ValueError(
            f"target must be from 0 to {num_classes - 1}, got {low} to {high}"
        )
    count = torch.bincount(target, minlength=num_classes).double()
    effective = count
    if beta == 0:
        effective = (count > 0).double()
    elif beta < 1:
        effective = -torch.expm1(count * math.log(beta)) / (1 - beta)
    weight = torch.where(count > 0, 1 / effective, 0.0)
    return (weight * count.sum() / (weight * count).sum()).float()
