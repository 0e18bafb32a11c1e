"""A criterion as a function: mean squared error with its shapes checked."""

from torch import Tensor


def custom_mse(prediction: Tensor, target: Tensor, reduction: str = "mean") -> Tensor:
    """Mean squared error, the mean over all elements of (prediction - target)².

    Args:
        prediction: any shape, floating.
        target: the same shape, any real dtype.
        reduction: `"mean"` over all elements, `"sum"`, or `"none"`.

    Returns:
        A scalar, or the shape of the inputs for `"none"`.

    Raises:
        TypeError: if `prediction` is not floating.
        ValueError: if the shapes differ or `reduction` is unknown.

    Source: torch.nn.functional.mse_loss, which warns and broadcasts where this raises.

    Examples:
        >>> import torch
        >>> from torch.nn import functional as F
        >>> prediction = torch.tensor([[1.0], [2.0], [4.0]], requires_grad=True)
        >>> target = torch.tensor([[1.0], [0.0], [0.0]])
        >>> loss = custom_mse(prediction, target)
        >>> torch.equal(loss, F.mse_loss(prediction, target))
        True

        The gradient is 2 (prediction - target) / 3:

        >>> torch.autograd.grad(loss, prediction)[0].flatten().tolist()
        [0.0, 1.3333333730697632, 2.6666667461395264]
    """
    if not prediction.is_floating_point():
        raise TypeError(f"prediction must be floating, got {prediction.dtype}")
    if prediction.shape != target.shape:
        raise ValueError(
            "prediction and target must have the same shape, "
            f"got {tuple(prediction.shape)} and {tuple(target.shape)}"
        )
    squared = (prediction - target).square()
    if reduction == "mean":
        return squared.mean()
    if reduction == "sum":
        return squared.sum()
    if reduction == "none":
        return squared
    raise ValueError(f"reduction must be 'mean', 'sum' or 'none', got {reduction!r}")
