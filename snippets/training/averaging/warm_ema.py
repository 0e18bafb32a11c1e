"""An exponential moving average that forgets the first weights quickly."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def warm_ema(
    decay: float = 0.999, delay: float = 10.0
) -> Callable[[Sequence[Tensor], Sequence[Tensor], Tensor | int], None]:
    """Make a `multi_avg_fn` whose decay rises from 0.2 to `decay`.

    The decay of update t is min(decay, (1 + t) / (delay + t)), so the average spans
    about the last tenth of training until `decay` takes over, at
    t = (delay * decay - 1) / (1 - decay). Integer buffers, such as
    `num_batches_tracked`, are copied: an average of integers is rounded down.

    Args:
        decay: At least 0 and below 1.
        delay: Above 1; larger follows the weights more closely.

    Returns:
        The argument `multi_avg_fn` of `torch.optim.swa_utils.AveragedModel`.

    Raises:
        ValueError: If `decay` or `delay` is out of range.

    Source: the num_updates argument of TensorFlow's ExponentialMovingAverage;
    torch.optim.swa_utils.get_ema_multi_avg_fn.

    Examples:
        >>> from torch.optim.swa_utils import AveragedModel
        >>> model = torch.nn.Linear(1, 1, bias=False)
        >>> ema = AveragedModel(model, multi_avg_fn=warm_ema(0.999))
        >>> for value in (0.0, 1.0, 1.0, 1.0):
        ...     _ = torch.nn.init.constant_(model.weight, value)
        ...     ema.update_parameters(model)
        >>> round(1 - ema.module.weight.item(), 4)  # 2/11 * 3/12 * 4/13
        0.014

        With `decay` small enough it is torch's own average:

        >>> average, new = [torch.zeros(3)], [torch.ones(3)]
        >>> warm_ema(0.1)(average, new, 1)
        >>> average
        [tensor([0.9000, 0.9000, 0.9000])]
    """
    if not 0 <= decay < 1:
        raise ValueError(f"decay must be at least 0 and below 1, got {decay}")
    if delay <= 1:
        raise ValueError(f"delay must be above 1, got {delay}")

    @torch.no_grad()
    def update(
        averaged: Sequence[Tensor], current: Sequence[Tensor], count: Tensor | int
    ) -> None:
        t = float(count)
        weight = 1 - min(decay, (1 + t) / (delay + t))
        for old, new in zip(averaged, current, strict=True):
            if old.is_floating_point() or old.is_complex():
                old.lerp_(new, weight)
            else:
                old.copy_(new)

    return update
