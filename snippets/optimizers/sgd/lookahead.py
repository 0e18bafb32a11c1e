"""Nesterov momentum with a look ahead, which is torch's in other variables."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def lookahead(
    gradient: Callable[[Tensor], Tensor],
    start: Tensor,
    rates: Sequence[float],
    momentum: float = 0.9,
) -> Tensor:
    r"""Run $v_t = \beta_1 v_{t-1} - \eta_t \nabla f(\theta_{t-1} + \beta_1 v_{t-1})$.

    The parameter moves by the velocity: $\theta_t = \theta_{t-1} + v_t$.

    Args:
        gradient: Maps a point to the gradient there.
        start: The first point, any shape.
        rates: The learning rate of each step.
        momentum: Decay of the velocity, from 0 to below 1.

    Returns:
        The points $\theta_t + \beta_1 v_t$ where the next gradient is taken, shape
        `(len(rates), *start.shape)`.

    Raises:
        ValueError: If momentum is out of range.

    Source: the form in Sutskever et al. 2013; compare `torch.optim.SGD`.

    Examples:
        At a constant learning rate, torch's parameter is the point ahead.

        >>> start = torch.tensor([1.0, 1.0], dtype=torch.float64)
        >>> slope = lambda x: x * torch.tensor([1.0, 0.1])
        >>> ahead = lookahead(slope, start, [0.3] * 20)
        >>> weight = torch.nn.Parameter(start.clone())
        >>> optimizer = torch.optim.SGD([weight], 0.3, momentum=0.9, nesterov=True)
        >>> for point in ahead:
        ...     weight.grad = slope(weight.detach())
        ...     optimizer.step()
        ...     assert torch.allclose(weight, point)
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be from 0 to below 1, got {momentum}")
    point, velocity, ahead = start.clone(), torch.zeros_like(start), []
    for rate in rates:
        slope = gradient(point + momentum * velocity)
        velocity = momentum * velocity - rate * slope
        point = point + velocity
        ahead.append(point + momentum * velocity)
    return torch.stack(ahead) if ahead else start.new_empty(0, *start.shape)
