"""Cox's partial likelihood as a loss for censored survival times."""

import torch
from torch import Tensor


def cox_loss(
    log_hazard: Tensor, time: Tensor, event: Tensor, reduction: str = "mean"
) -> Tensor:
    """Negative log partial likelihood, with Breslow's handling of tied times.

    Each event competes with all that are still at risk at its time: minus its log
    hazard, plus the log of the summed hazards of everybody whose time is not earlier.
    Only the order of the times counts, and only events have a term of their own.

    Args:
        log_hazard: `(N,)`, floating point; larger means sooner.
        time: `(N,)`, time of the event or of the last observation; any real dtype.
        event: `(N,)`, 1 or True where the event happened, 0 where it was censored.
        reduction: `"mean"` (over the events), `"sum"` or `"none"` (0 for the censored).

    Returns:
        A scalar, or `(N,)` for `"none"`. Without any event the loss is 0. Half
        precision is computed and returned in float32.

    Raises:
        ValueError: If the shapes are not one `(N,)`, an event is neither 0 nor 1, a
            time is NaN, or `reduction` is unknown.

    Source: D. R. Cox, Regression Models and Life-Tables, 1972; ties as in N. Breslow,
    Covariance Analysis of Censored Survival Data, 1974.

    Examples:
        >>> time, event = torch.tensor([3.0, 1.0, 2.0]), torch.tensor([1, 1, 0])
        >>> cox_loss(torch.zeros(3), time, event, reduction="none")  # log 1, log 3
        tensor([0.0000, 1.0986, 0.0000])

        A constant added to all log hazards changes nothing:

        >>> z = torch.tensor([0.3, -1.0, 2.0])
        >>> cox_loss(z, time, event).allclose(cox_loss(z + 5, time, event))
        True
    """
    shapes = [tuple(t.shape) for t in (log_hazard, time, event)]
    if log_hazard.dim() != 1 or len(set(shapes)) > 1:
        raise ValueError(
            f"log_hazard, time and event must have one shape (N,), got {shapes}"
        )
    if not ((event == 0) | (event == 1)).all():
        raise ValueError("event must be 0 or 1")
    if time.isnan().any():
        raise ValueError("time must not be NaN")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    z = log_hazard.to(torch.promote_types(log_hazard.dtype, torch.float32))
    order = time.argsort(descending=True, stable=True)
    at_risk = z[order].logcumsumexp(0)
    # Tied times share the risk set of the last of them in this order.
    _, count = time[order].unique_consecutive(return_counts=True)
    last = count.cumsum(0) - 1
    at_risk = at_risk[last].repeat_interleave(count)
    happened = event.to(z.dtype)
    term = torch.zeros_like(z).index_copy(0, order, at_risk) - z
    loss = torch.where(happened > 0, term, 0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    return loss.sum() / happened.sum().clamp(min=1)
