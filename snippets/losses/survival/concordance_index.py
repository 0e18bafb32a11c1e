"""Harrell's concordance index of risks and censored times."""

from torch import Tensor


def concordance_index(risk: Tensor, time: Tensor, event: Tensor) -> Tensor:
    """Share of comparable pairs in which the higher risk has the earlier event.

    A pair is comparable if the earlier of two different times is an event. Equal risks
    count one half.

    Args:
        risk: `(N,)`, larger means sooner; any real dtype.
        time: `(N,)`, time of the event or of the last observation.
        event: `(N,)`, 1 or True where the event happened, 0 where it was censored.

    Returns:
        A scalar from 0 to 1, 0.5 for random risks; NaN without a comparable pair.
        Memory grows with N squared.

    Raises:
        ValueError: If the shapes are not one `(N,)`.

    Source: F. E. Harrell et al., Evaluating the Yield of Medical Tests, 1982.

    Examples:
        >>> import torch
        >>> time, event = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1, 0, 1])
        >>> concordance_index(-time, time, event)
        tensor(1.)
        >>> concordance_index(torch.zeros(3), time, event)
        tensor(0.5000)
    """
    shapes = [tuple(t.shape) for t in (risk, time, event)]
    if risk.dim() != 1 or len(set(shapes)) > 1:
        raise ValueError(f"risk, time and event must have one shape (N,), got {shapes}")
    comparable = (time[:, None] < time) & (event[:, None] > 0)
    right = risk[:, None] > risk
    tied = risk[:, None] == risk
    score = right.float() + tied.float() / 2
    return score[comparable].mean()
