"""Wrap a regression loss so that it refuses to broadcast."""

from collections.abc import Callable

from torch import Tensor, nn


class SameShape(nn.Module):
    """Call `loss(prediction, target)` only if both have the same shape.

    An `(N, 1)` prediction minus an `(N,)` target is an `(N, N)` matrix, and torch at
    most warns. The result is what `loss` returns.

    Args:
        loss: Any callable that takes `(prediction, target)` of one shape, for
            example `nn.MSELoss()`. Further arguments are passed on unchecked.

    Raises:
        ValueError: On call, if the shapes differ.

    Source: the warning of `torch.nn.functional.mse_loss`, turned into an error.

    Examples:
        >>> import torch
        >>> criterion = SameShape(nn.MSELoss())
        >>> prediction, target = torch.tensor([[0.0], [2.0]]), torch.tensor([1.0, 1.0])
        >>> criterion(prediction.squeeze(1), target)
        tensor(1.)
        >>> criterion(prediction, target)
        Traceback (most recent call last):
        ValueError: prediction and target must have the same shape, got (2, 1) and (2,)
    """

    def __init__(self, loss: Callable[..., Tensor]) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, prediction: Tensor, target: Tensor, *args, **kwargs) -> Tensor:
        if prediction.shape != target.shape:
            raise ValueError(
                "prediction and target must have the same shape, got "
                f"{tuple(prediction.shape)} and {tuple(target.shape)}"
            )
        return self.loss(prediction, target, *args, **kwargs)
