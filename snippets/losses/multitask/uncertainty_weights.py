"""Uncertainty weighting for squared errors and cross-entropies, from any start."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class UncertaintyWeights(nn.Module):
    """Sum of weight * loss + s / 2, with a learned log-variance s for each task.

    The weight is exp(-s) / 2 for a squared error, exp(-s) for a cross-entropy. At the
    best s both kinds weigh 1 / (2 * loss). Half precision is computed in float32. Hand
    `parameters()` to the optimizer, in a group without weight decay.

    Args:
        kinds: `"regression"` (a mean squared error) or `"classification"` (a
            cross-entropy) for each of the T tasks.
        start: typical positive loss of each task, T numbers, for example from the first
            batch; s starts where it would settle for them. s starts at 0 if not given.

    Shape:
        losses `(T,)`, floating, none negative -> scalar; may be negative.

    Raises:
        ValueError: if `kinds` is empty or has an unknown name, `start` is not T
            positive numbers, or the losses do not have shape `(T,)`.

    Source: Kendall, Gal & Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh
    Losses, with s = log(sigma**2). The paper's weight for cross-entropy comes from a
    softmax of logits / sigma**2 and is an approximation. `start` is ours.

    Examples:
        The Gaussian negative log-likelihood, when s = log(variance):

        >>> criterion = UncertaintyWeights(["regression"], start=[4.0])
        >>> error = torch.tensor(3.0)
        >>> nll = nn.functional.gaussian_nll_loss(error, 0 * error, torch.tensor(4.0))
        >>> torch.allclose(criterion(error.square().reshape(1)), nll)
        True

        Started at the losses themselves, nothing pulls at s:

        >>> losses = torch.tensor([900.0, 0.7])
        >>> criterion = UncertaintyWeights(["regression", "classification"], losses)
        >>> criterion(losses).backward()
        >>> criterion.log_variance.grad.abs().max() < 1e-6
        tensor(True)
        >>> torch.allclose(criterion.weights(), 1 / (2 * losses))
        True
    """

    def __init__(
        self, kinds: Sequence[str], start: Sequence[float] | Tensor | None = None
    ) -> None:
        super().__init__()
        names = {"regression": 0.5, "classification": 1.0}
        if not kinds or not all(kind in names for kind in kinds):
            raise ValueError(
                "kinds must name 'regression' or 'classification' for each task, "
                f"got {kinds!r}"
            )
        factor = torch.tensor([names[kind] for kind in kinds])
        first = 0.5 / factor if start is None else torch.as_tensor(start).float()
        if first.shape != factor.shape or not (first > 0).all():
            raise ValueError(
                f"start must be {len(kinds)} positive numbers, got {start}"
            )
        self.register_buffer("factor", factor)
        self.log_variance = nn.Parameter((2 * factor * first.detach()).log())

    def weights(self) -> Tensor:
        """Return the weights `(T,)` that multiply the losses now, without a graph."""
        return self.factor * torch.exp(-self.log_variance.detach())

    def forward(self, losses: Tensor) -> Tensor:
        s = self.log_variance
        if losses.shape != s.shape:
            raise ValueError(
                f"losses must have shape {tuple(s.shape)}, got {tuple(losses.shape)}"
            )
        return (self.factor * torch.exp(-s) * losses + s / 2).sum()
