"""From the logits of CORAL or CORN to the probability of each ordered label."""

import torch
from torch import Tensor
from torch.nn import functional as F


def ordinal_label(logits: Tensor, conditional: bool = False) -> tuple[Tensor, Tensor]:
    """The label, and P(label > k) for each threshold k.

    The label is the number of thresholds with P(label > k) > 0.5: the median of the
    predicted distribution. It is not an argmax.

    Args:
        logits: `(N, K - 1)`, or `(*, K - 1)`; floating point.
        conditional: False for CORAL: P(label > k) = sigmoid(logits[k]). True for CORN:
            the product of the sigmoids up to k.

    Returns:
        The label, int64 from 0 to K - 1, shape `(*)`; and the K - 1 probabilities,
        the shape of `logits`, float32 for half-precision input.

    Raises:
        ValueError: If `logits` has no last dimension.

    Source: Cao, Mirjalili and Raschka 2020 (CORAL); Shi, Cao and Raschka 2021 (CORN).

    Examples:
        >>> logits = torch.tensor([[2.0, 1.0, -1.0, -3.0]])
        >>> label, above = ordinal_label(logits)
        >>> label
        tensor([2])

        The same logits from CORN: 0.88, then 0.88 * 0.73, then below one half:

        >>> label, above = ordinal_label(logits, conditional=True)
        >>> label, above[0, :3]
        (tensor([2]), tensor([0.8808, 0.6439, 0.1732]))
        >>> (above.diff(dim=1) <= 0).all()
        tensor(True)
    """
    if logits.ndim == 0:
        raise ValueError("logits must have shape (*, K - 1), got ()")
    logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
    if conditional:
        above = F.logsigmoid(logits).cumsum(dim=-1).exp()
    else:
        above = logits.sigmoid()
    return (above > 0.5).sum(dim=-1), above
