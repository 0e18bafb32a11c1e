"""Learned weights for several losses that cannot be gamed: one log-variance a loss."""

import torch
from torch import Tensor, nn


class LearnedWeights(nn.Module):
    """Sum over losses of 0.5 * exp(-s) * loss + 0.5 * s, with one learned s a loss.

    The weight 0.5 * exp(-s) is positive for every s, and the term 0.5 * s charges for
    making it small. The minimum over s is at s = log(loss): there each loss weighs half
    its own inverse. Hand `parameters()` to the optimizer, or s stays 0.

    Args:
        count: number of losses, T.

    Shape:
        losses `(T,)`, floating, none negative -> scalar.

    Raises:
        ValueError: if `count` is below 1, or the losses do not have shape `(T,)`.

    Source: Kendall, Gal & Cipolla 2018, Multi-Task Learning Using Uncertainty to Weigh
    Losses, with s the logarithm of the noise variance, for squared errors. For a
    cross-entropy the paper's weight is exp(-s), without the half.

    Examples:
        At s = log(loss) the gradient with respect to s vanishes:

        >>> losses = torch.tensor([0.25, 40.0])
        >>> criterion = LearnedWeights(2)
        >>> _ = criterion.log_variance.data.copy_(losses.log())
        >>> criterion(losses).backward()
        >>> criterion.log_variance.grad.abs().max().item() < 1e-6
        True

        For a squared error it is the Gaussian negative log-likelihood:

        >>> error = torch.tensor(3.0)
        >>> criterion = LearnedWeights(1)
        >>> _ = criterion.log_variance.data.fill_(0.7)
        >>> ours = criterion(error.square().reshape(1))
        >>> variance = criterion.log_variance.exp().squeeze()
        >>> nll = nn.functional.gaussian_nll_loss(error, torch.tensor(0.0), variance)
        >>> torch.allclose(ours, nll)
        True
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        if count < 1:
            raise ValueError(f"count must be at least 1, got {count}")
        self.log_variance = nn.Parameter(torch.zeros(count))

    def forward(self, losses: Tensor) -> Tensor:
        s = self.log_variance
        if losses.shape != s.shape:
            raise ValueError(
                f"losses must have shape {tuple(s.shape)}, got {tuple(losses.shape)}"
            )
        return 0.5 * (torch.exp(-s) * losses + s).sum()
