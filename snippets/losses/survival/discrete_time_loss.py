"""Likelihood of censored times in intervals, one logit for each interval."""

import torch
from torch import Tensor
from torch.nn import functional as F


def discrete_time_loss(
    logits: Tensor, interval: Tensor, event: Tensor, reduction: str = "mean"
) -> Tensor:
    """Negative log likelihood of the interval in which the event happened.

    The sigmoid of a logit is the hazard: the probability that the event happens in
    that interval, given that it has not happened before. A subject survives each
    interval before its own; in its own it has the event, or survives it if censored.

    Args:
        logits: `(N, T)`, one for each interval, in order; floating point.
        interval: `(N,)`, int64 from 0 to T - 1: where the event happened, or the last
            interval that the subject is known to have survived.
        event: `(N,)`, 1 or True where the event happened, 0 where it was censored.
        reduction: `"mean"` (over subjects), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and returned
        in float32.

    Raises:
        ValueError: If shapes or dtypes differ from the above, an interval is outside
            0 to T - 1, an event is neither 0 nor 1, or `reduction` is unknown.

    Source: M. F. Gensheimer and B. Narasimhan, A Scalable Discrete-Time Survival Model
    for Neural Networks, 2019.

    Examples:
        >>> logits = torch.zeros(2, 3)  # every hazard is one half
        >>> interval, event = torch.tensor([2, 1]), torch.tensor([1, 0])
        >>> loss = discrete_time_loss(logits, interval, event, reduction="none")
        >>> (-loss).exp()  # survive, survive, event; survive, survive
        tensor([0.1250, 0.2500])

        With a single interval it is binary cross-entropy:

        >>> z, event = torch.tensor([[2.0], [-1.0]]), torch.tensor([1, 0])
        >>> loss = discrete_time_loss(z, torch.tensor([0, 0]), event)
        >>> loss.allclose(F.binary_cross_entropy_with_logits(z[:, 0], event.float()))
        True
    """
    n, intervals = logits.shape if logits.dim() == 2 else (-1, 0)
    if interval.shape != (n,) or event.shape != (n,):
        raise ValueError(
            "logits must be (N, T), interval and event (N,), got "
            f"{[tuple(t.shape) for t in (logits, interval, event)]}"
        )
    if interval.is_floating_point() or interval.dtype == torch.bool:
        raise ValueError(f"interval must be of an integer dtype, got {interval.dtype}")
    if n and not 0 <= interval.min() <= interval.max() < intervals:
        raise ValueError(
            f"interval must be from 0 to {intervals - 1}, got "
            f"{interval.min().item()} to {interval.max().item()}"
        )
    if not ((event == 0) | (event == 1)).all():
        raise ValueError("event must be 0 or 1")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    z = logits.to(torch.promote_types(logits.dtype, torch.float32))
    position = torch.arange(intervals, device=z.device)
    seen = position <= interval[:, None]
    here = (position == interval[:, None]) & (event[:, None] > 0)
    loss = torch.where(seen, F.softplus(z), 0) - torch.where(here, z, 0)
    loss = loss.sum(dim=1)
    return loss if reduction == "none" else getattr(loss, reduction)()
