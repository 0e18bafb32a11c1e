"""Gaussian negative log-likelihood from a predicted log-variance."""

import math

import torch
from torch import Tensor


def gaussian_nll(
    prediction: Tensor,
    target: Tensor,
    log_variance: Tensor,
    eps: float = 1e-6,
    reduction: str = "mean",
) -> Tensor:
    """Half of log-variance plus squared error over variance, without log(2 pi) / 2.

    With e = prediction - target and s = log_variance: (s + e**2 * exp(-s)) / 2. Any
    real s is a valid variance, so the network's output needs no constraint. As in
    torch a variance below `eps` counts as `eps`; the gradient passes through this
    clamp, so that an over-confident output can still recover.

    Args:
        prediction: The mean; any shape, for example `(N,)` or `(N, D)`; floating.
        target: The shape of `prediction`; any real dtype.
        log_variance: The shape of `prediction`; log of the variance, natural base.
        eps: Smallest variance, in squared units of the target; positive.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Returns:
        A scalar, or the shape of `prediction` for `"none"`; may be negative.
        Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If the three shapes differ, `eps` is not positive and finite, or
            `reduction` is unknown.

    Source: D. A. Nix and A. S. Weigend, Estimating the Mean and Variance of the Target
    Probability Distribution, 1994; `torch.nn.GaussianNLLLoss`.

    Examples:
        >>> prediction, target = torch.tensor([0.0, 1.0]), torch.tensor([1.0, 4.0])
        >>> log_variance = torch.tensor([-1.0, 2.0])
        >>> loss = gaussian_nll(prediction, target, log_variance)
        >>> oracle = torch.nn.GaussianNLLLoss()
        >>> loss.allclose(oracle(prediction, target, log_variance.exp()))
        True

        The best log-variance is that of the squared error, here log(9):

        >>> s = torch.tensor([9.0]).log().requires_grad_()
        >>> gaussian_nll(torch.tensor([1.0]), torch.tensor([4.0]), s).backward()
        >>> s.grad.abs() < 1e-6
        tensor([True])
    """
    if not prediction.shape == target.shape == log_variance.shape:
        raise ValueError(
            "prediction, target and log_variance must have the same shape, got "
            f"{tuple(prediction.shape)}, {tuple(target.shape)} and "
            f"{tuple(log_variance.shape)}"
        )
    if not 0 < eps < math.inf:
        raise ValueError(f"eps must be positive and finite, got {eps}")
    dtype = torch.promote_types(prediction.dtype, torch.float32)
    error = prediction.to(dtype) - target.to(dtype)
    s = log_variance.to(dtype)
    s = s.detach().clamp(min=math.log(eps)) + (s - s.detach())
    loss = (s + (error * (-s / 2).exp()) ** 2) / 2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
