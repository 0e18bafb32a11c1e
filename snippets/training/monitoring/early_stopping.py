"""Stop when a validation value no longer improves, and take the best weights back."""

import copy
import math

from torch import nn


class EarlyStopping:
    """Count validations without improvement, and keep a copy of the best weights.

    A NaN is no improvement. The copy is one more model in memory.

    Args:
        patience: Validations in a row without improvement at which to stop, at least 1.
        min_delta: An improvement is more than this, at least 0.
        maximize: Whether more is better, as for accuracy; the default is for a loss.

    Raises:
        ValueError: If `patience` is below 1 or `min_delta` below 0, or if `restore` is
            called before any finite value came.

    Source: L. Prechelt, Automatic Early Stopping Using Cross Validation: Quantifying
    the Criteria, 1998, compares 14 criteria; patience is the customary one.

    Examples:
        >>> import torch
        >>> model = nn.Linear(1, 1)
        >>> stop = EarlyStopping(patience=2)
        >>> for epoch, loss in enumerate([3.0, 1.0, 2.0, math.nan]):
        ...     _ = nn.init.constant_(model.weight, epoch)
        ...     print(epoch, stop(loss, model))
        0 False
        1 False
        2 False
        3 True
        >>> stop.restore(model)
        >>> model.weight.item(), stop.best
        (1.0, 1.0)
    """

    def __init__(
        self, patience: int, min_delta: float = 0.0, maximize: bool = False
    ) -> None:
        if not patience >= 1:
            raise ValueError(f"patience must be at least 1, got {patience}")
        if not min_delta >= 0:
            raise ValueError(f"min_delta must be at least 0, got {min_delta}")
        self.patience, self.min_delta, self.maximize = patience, min_delta, maximize
        self.best, self.waited = (-math.inf if maximize else math.inf), 0
        self._weights: dict | None = None

    def __call__(self, value: float, model: nn.Module) -> bool:
        """Take the value of one validation; say whether to stop."""
        gain = value - self.best if self.maximize else self.best - value
        if gain > self.min_delta:
            self.best, self.waited = value, 0
            self._weights = copy.deepcopy(model.state_dict())
        else:
            self.waited += 1
        return self.waited >= self.patience

    def restore(self, model: nn.Module) -> None:
        """Load the weights of the best validation, buffers included."""
        if self._weights is None:
            raise ValueError("no weights to restore: no value was an improvement")
        model.load_state_dict(self._weights)
