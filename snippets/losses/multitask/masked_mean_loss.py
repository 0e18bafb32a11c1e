"""Mean loss of each task over the labels that are there, with NaN for missing ones."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def masked_mean_loss(
    prediction: Tensor,
    target: Tensor,
    loss: Callable[..., Tensor] = F.mse_loss,
) -> Tensor:
    """Average each column over its present labels; a missing label is NaN.

    Missing places are replaced before the loss sees them, so neither the value nor the
    gradient can become NaN there.

    Args:
        prediction: one column a task, `(N, T)`, floating; logits if `loss` wants them.
        target: `(N, T)`, floating; NaN where there is no label.
        loss: elementwise, called as `loss(prediction, target, reduction="none")` and
            finite at 0, 0.

    Returns:
        One mean for each task, `(T,)`; 0 for a task without a label. Half-precision
        input is computed and returned in float32.

    Raises:
        ValueError: if the shapes differ or are not `(N, T)`.

    Source: torch's elementwise losses, with the divisor counted for each task.

    Examples:
        Each task divides by its own count, here 2 and 1:

        >>> nan = float("nan")
        >>> target = torch.tensor([[1.0, 5.0], [3.0, nan]])
        >>> prediction = torch.zeros(2, 2, requires_grad=True)
        >>> masked_mean_loss(prediction, target).tolist()
        [5.0, 25.0]

        A missing label has no gradient:

        >>> masked_mean_loss(prediction, target).sum().backward()
        >>> prediction.grad
        tensor([[ -1., -10.],
                [ -3.,   0.]])
    """
    if prediction.ndim != 2 or prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape (N, T), got "
            f"{tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    present = ~target.isnan()
    prediction = prediction.to(dtype).where(present, 0.0)
    target = target.to(dtype).where(present, 0.0)
    each = loss(prediction, target, reduction="none").where(present, 0.0)
    return each.sum(dim=0) / present.sum(dim=0).clamp(min=1)
