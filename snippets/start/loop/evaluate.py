"""Loss and accuracy on held-out data: no dropout, no graph, no update."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn


@torch.no_grad()
def evaluate(
    model: nn.Module,
    criterion: Callable[[Tensor, Tensor], Tensor],
    batches: Iterable[tuple[Tensor, Tensor]],
) -> tuple[float, float]:
    """Return the mean loss a sample and the accuracy of a classifier.

    Each batch counts by its number of samples, so a short last batch does not distort
    the mean. The mode (training or evaluation) of `model` is put back afterwards.

    Args:
        model: maps inputs `(N, ...)` to logits `(N, C)`.
        criterion: maps logits and targets to a scalar, the mean over the batch.
        batches: pairs of inputs `(N, ...)` and class indices `(N,)`.

    Returns:
        The mean loss and the share of samples whose largest logit is the target.

    Raises:
        ValueError: if the targets are not class indices `(N,)`, or no batch came.

    Source: torch.no_grad, torch.nn.Module.eval.

    Examples:
        Logits that are all equal cost ln C, whatever the batch sizes are:

        >>> model = nn.Linear(2, 3)
        >>> _ = nn.init.zeros_(model.weight), nn.init.zeros_(model.bias)
        >>> first = torch.ones(4, 2), torch.tensor([0, 0, 1, 2])
        >>> last = torch.ones(1, 2), torch.tensor([2])
        >>> loss, accuracy = evaluate(model, nn.CrossEntropyLoss(), [first, last])
        >>> round(loss, 4), accuracy, model.training
        (1.0986, 0.4, True)
    """
    was_training = model.training
    model.eval()
    total, correct, count = 0.0, 0, 0
    for inputs, target in batches:
        logits = model(inputs)
        if target.shape != logits.shape[:1]:
            raise ValueError(
                "target must hold one class index a sample, "
                f"got {tuple(target.shape)} for logits {tuple(logits.shape)}"
            )
        total += criterion(logits, target).item() * len(target)
        correct += (logits.argmax(dim=1) == target).sum().item()
        count += len(target)
    model.train(was_training)
    if count == 0:
        raise ValueError("batches must hold at least one sample, got none")
    return total / count, correct / count
