"""One pass over the training data: the five lines that change the parameters."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


def train_epoch(
    model: nn.Module,
    criterion: Callable[[Tensor, Tensor], Tensor],
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[Tensor, Tensor]],
) -> float:
    """Train `model` on every batch once and return the mean loss a sample.

    Args:
        model: maps inputs `(N, ...)` to predictions; left in training mode.
        criterion: maps predictions and targets to a scalar, the mean over the batch.
        optimizer: built from the parameters of `model` (and of `criterion`, if any).
        batches: pairs of inputs `(N, ...)` and targets, on the device of `model`.

    Returns:
        The mean of the batch losses, each weighted by its number of samples, measured
        while the parameters change: not the loss of the model that comes out.

    Raises:
        ValueError: if `criterion` returns anything but a scalar, or no batch came.

    Source: torch.optim.Optimizer.step, torch.Tensor.backward.

    Examples:
        Mean squared error of `2 * w` against 0 has the gradient `8 * w`, so a step of
        0.1 takes the weight from 1 to 0.2. The loss 4 was measured before it.

        >>> model = nn.Linear(1, 1, bias=False)
        >>> _ = nn.init.ones_(model.weight)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> batch = torch.tensor([[2.0]]), torch.tensor([[0.0]])
        >>> train_epoch(model, nn.MSELoss(), optimizer, [batch])
        4.0
        >>> round(model.weight.item(), 6)
        0.2
    """
    model.train()
    total, count = 0.0, 0
    for inputs, target in batches:
        optimizer.zero_grad()
        loss = criterion(model(inputs), target)
        if loss.ndim != 0:
            raise ValueError(
                f"criterion must return a scalar, got shape {tuple(loss.shape)}"
            )
        loss.backward()
        optimizer.step()
        total += loss.item() * len(target)
        count += len(target)
    if count == 0:
        raise ValueError("batches must hold at least one sample, got none")
    return total / count
