"""What decoupled weight decay alone leaves of a weight after a schedule."""

import math
from collections.abc import Iterable


def remaining_weight(rates: Iterable[float], weight_decay: float) -> float:
    """Return the factor by which AdamW's decay shrinks a weight over a run.

    The product of `1 - lr * weight_decay` over all steps, close to
    `exp(-weight_decay * sum of the learning rates)`.

    Args:
        rates: Learning rate of every step.
        weight_decay: In the convention of torch.optim.AdamW.

    Raises:
        ValueError: If a rate or `weight_decay` is negative, or a step would flip the
            sign of the weight.

    Source: torch.optim.AdamW.

    Examples:
        The half-life is ln 2 / (lr * weight_decay) steps:

        >>> round(remaining_weight([1e-3] * 6931, 0.1), 3)
        0.5

        A linear decay to 0 halves the exponent:

        >>> linear = [1e-3 * (1 - i / 6931) for i in range(6931)]
        >>> round(remaining_weight(linear, 0.1) ** 2, 2)
        0.5
    """
    total = 0.0
    for rate in rates:
        share = rate * weight_decay
        if not (rate >= 0 and weight_decay >= 0 and share < 1):
            raise ValueError(
                "lr * weight_decay must be from 0 up to 1, without 1, "
                f"got {rate} * {weight_decay}"
            )
        total += math.log1p(-share)
    return math.exp(total)
