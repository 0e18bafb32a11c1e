"""KL divergence of a diagonal Gaussian from the standard normal, for a VAE."""

import torch
from torch import Tensor


def gaussian_kl(mean: Tensor, log_variance: Tensor, reduction: str = "mean") -> Tensor:
    """KL(N(mean, exp(log_variance)) || N(0, 1)), summed over the last dimension.

    Half of mean**2 + exp(s) - 1 - s with s = log_variance. `expm1` keeps the digits
    that exp(s) - 1 loses near s = 0, where a collapsed posterior lives.

    Args:
        mean: `(..., D)`: D independent latent variables; floating.
        log_variance: The shape of `mean`; log of the variance, natural base. Above 88
            its exponential does not fit float32 and the result is inf.
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar in nats, or the shape without its last dimension for `"none"`. Half
        precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ, have no dimension, or `reduction` is unknown.

    Source: D. P. Kingma and M. Welling, Auto-Encoding Variational Bayes, 2013,
    appendix B.

    Examples:
        >>> from torch.distributions import Normal, kl_divergence
        >>> mean, s = torch.randn(2, 4, 3, generator=torch.manual_seed(0)).double()
        >>> oracle = kl_divergence(Normal(mean, (s / 2).exp()), Normal(0.0, 1.0))
        >>> gaussian_kl(mean, s, "none").allclose(oracle.sum(dim=1))
        True

        It is 0 at the prior, and so is its gradient:

        >>> mean = torch.zeros(1, 3, requires_grad=True)
        >>> s = torch.zeros(1, 3, requires_grad=True)
        >>> gaussian_kl(mean, s).backward()
        >>> mean.grad.abs().max(), s.grad.abs().max()
        (tensor(0.), tensor(0.))
    """
    if mean.shape != log_variance.shape or mean.dim() == 0:
        raise ValueError(
            "mean and log_variance must have the same shape (..., D), got "
            f"{tuple(mean.shape)} and {tuple(log_variance.shape)}"
        )
    dtype = torch.promote_types(mean.dtype, torch.float32)
    mean, s = mean.to(dtype), log_variance.to(dtype)
    loss = (mean**2 + (torch.expm1(s) - s)).sum(dim=-1) / 2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
