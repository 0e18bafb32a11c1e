"""Equal tuning: the setting that validation prefers, and what it scores elsewhere."""

from collections.abc import Sequence

import torch
from torch import Tensor


def tuned(
    validation: Tensor, scores: Tensor, space: Sequence[float], edge: bool = False
) -> Tensor:
    """Return the scores of the setting with the lowest mean validation loss.

    The setting is chosen once, for all seeds, as one would for a project. One that
    diverged for a seed is out. One at the end of `space` is refused: what lies beyond
    might be better, and then the comparison is between search spaces.

    Args:
        validation: Losses, or errors, on validation data, `(R, S)`.
        scores: What is compared, on other data, `(R, S, ...)`.
        space: The R settings in order, such as learning rates; any number, as long as
            all that are compared get the same one.
        edge: Accept a setting at the end.

    Returns:
        `(S, ...)`.

    Raises:
        ValueError: If the shapes do not agree, nothing is finite, or the best setting
            is the first or the last of `space`.

    Source: torch.Tensor.argmin; own rule.

    Examples:
        >>> validation = torch.tensor([[3.0, 3.0], [1.0, 2.0], [0.0, float("nan")]])
        >>> tuned(validation, -validation, [0.1, 1.0, 10.0]).tolist()
        [-1.0, -2.0]
        >>> tuned(validation[:2], validation[:2], [0.1, 1.0])
        Traceback (most recent call last):
        ...
        ValueError: the best setting, 1.0, is the last of space: extend it
    """
    if len(space) != len(validation) or scores.shape[:2] != validation.shape:
        raise ValueError(
            f"validation (R, S) and scores (R, S, ...) must match the {len(space)} of "
            f"space, got {tuple(validation.shape)} and {tuple(scores.shape)}"
        )
    mean = validation.mean(1)
    mean = mean.where(mean.isfinite(), torch.inf)
    best = int(mean.argmin())
    if mean[best] == torch.inf:
        raise ValueError("validation must have a finite row, got none")
    if best in (0, len(space) - 1) and not edge:
        where = "first" if best == 0 else "last"
        raise ValueError(
            f"the best setting, {space[best]}, is the {where} of space: extend it"
        )
    return scores[best]
