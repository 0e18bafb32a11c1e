"""A mean over seeds with its 95 % interval, as text."""

from torch import Tensor

QUANTILES = {4: 3.18, 5: 2.78, 6: 2.57, 8: 2.36, 10: 2.26}  # Student's t, 97.5 %


def interval(values: Tensor, digits: int = 0) -> str:
    """Return the mean and half of its 95 % interval; a dash if one is not finite.

    Args:
        values: One result for each seed, `(S,)`.
        digits: Decimal places.

    Raises:
        ValueError: If there is no quantile for S.

    Source: Student's t distribution.

    Examples:
        >>> import torch
        >>> interval(torch.tensor([80.0, 82.0, 84.0, 82.0])).split()
        ['82', '±', '3']
        >>> interval(torch.tensor([1.0, 2.0, 3.0, float("nan")]))
        '–'
    """
    count = len(values)
    if values.dim() != 1 or count not in QUANTILES:
        raise ValueError(
            f"values must hold {', '.join(map(str, QUANTILES))} results, got "
            f"{tuple(values.shape)}"
        )
    if not values.isfinite().all():
        return "–"
    half = QUANTILES[count] * values.std() / count**0.5
    # No-break spaces keep it on one line of a table.
    return f"{values.mean():.{digits}f}\u00a0±\u00a0{half:.{digits}f}"
