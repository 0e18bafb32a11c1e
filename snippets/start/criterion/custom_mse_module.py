"""A criterion as a module: mean squared error with a weight for each output."""

from torch import Tensor, nn


class CustomMSE(nn.Module):
    """Mean squared error in which each of the D outputs has a fixed weight.

    A module earns its place when the criterion has something to keep. `weight` is a
    buffer: it moves with `.to(device)`, is saved in `state_dict()`, and no optimizer
    trains it. A weight to be trained would be an `nn.Parameter`.

    Args:
        weight: one factor for each output, shape `(D,)`, floating.

    Shape:
        prediction `(N, D)` floating and target `(N, D)` -> scalar, the mean over all
        N * D elements of weight * (prediction - target)².

    Raises:
        ValueError: if `weight` is not `(D,)`, or the shapes are not both `(N, D)`.

    Source: torch.nn.MSELoss, which has no weight for each output.

    Examples:
        >>> import torch

        With all weights 1 it is `nn.MSELoss`; a weight of 4 is a target in half units.

        >>> prediction = torch.tensor([[1.0, 2.0], [3.0, 5.0]])
        >>> target = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
        >>> plain = nn.MSELoss()(prediction, target)
        >>> torch.equal(CustomMSE(torch.ones(2))(prediction, target), plain)
        True
        >>> weight = torch.tensor([1.0, 4.0])
        >>> CustomMSE(weight)(prediction, target).item()
        18.0
        >>> nn.MSELoss()(prediction * weight.sqrt(), target * weight.sqrt()).item()
        18.0
        >>> list(CustomMSE(weight).state_dict()), list(CustomMSE(weight).parameters())
        (['weight'], [])
    """

    weight: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        if weight.ndim != 1 or not weight.is_floating_point():
            raise ValueError(
                "weight must be floating and of shape (D,), "
                f"got {weight.dtype} and {tuple(weight.shape)}"
            )
        self.register_buffer("weight", weight)

    def forward(self, prediction: Tensor, target: Tensor) -> Tensor:
        wanted = (*prediction.shape[:1], *self.weight.shape)
        if prediction.shape != wanted or target.shape != wanted:
            raise ValueError(
                f"prediction and target must have shape (N, {len(self.weight)}), "
                f"got {tuple(prediction.shape)} and {tuple(target.shape)}"
            )
        return (self.weight * (prediction - target).square()).mean()
