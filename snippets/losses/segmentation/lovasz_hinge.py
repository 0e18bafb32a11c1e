"""Lovász hinge loss: a convex surrogate of the binary Jaccard loss."""

import torch
from torch import Tensor


def lovasz_hinge(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = -100,
    over_batch: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """Hinge errors, weighted by what each adds to the Jaccard loss in falling order.

    Args:
        logits: `(N, *)`, for example `(N, 1, H, W)`; floating point.
        target: The shape of `logits`; any real dtype; 0, 1 or `ignore_index`.
        ignore_index: Pixels of this target do not count.
        over_batch: Whether the batch counts as one large image.
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar, or for `"none"` a loss per sample: `(N,)`, or `(1,)` for
        `over_batch`. Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or have no `N`, or `reduction` is unknown.

    Source: M. Berman, A. Rannen Triki and M. B. Blaschko, The Lovász-Softmax loss,
    2018, algorithm 1 on hinge errors.

    Examples:
        Where every hinge is 0 or 1 it is the Jaccard loss, here 1 - 1/3:

        >>> target = torch.tensor([[1, 1, 0, 0]])
        >>> logits = torch.tensor([[1.0, 0.0, 0.0, -1.0]])
        >>> lovasz_hinge(logits, target)
        tensor(0.6667)

        A margin of 1 everywhere costs nothing:

        >>> lovasz_hinge(2.0 * target - 1, target)
        tensor(0.)
    """
    if logits.shape != target.shape or logits.dim() == 0:
        raise ValueError(
            "logits and target must have the same shape (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    # (1, N, *) or (N, 1, *), flattened from the second dimension on
    z = logits.to(dtype).unsqueeze(0 if over_batch else 1).flatten(1)
    y = target.unsqueeze(0 if over_batch else 1).flatten(1)
    valid = y != ignore_index
    y = (y * valid).to(dtype)
    # An ignored pixel gets error 0: it comes last and adds nothing.
    error = (1 - z * (2 * y - 1)).relu() * valid
    error, order = error.sort(1, descending=True)
    y = y.gather(1, order)
    size = y.sum(1, keepdim=True)
    jaccard = 1 - (size - y.cumsum(1)) / (size + (1 - y).cumsum(1))
    weight = jaccard.diff(dim=1, prepend=jaccard.new_zeros(len(jaccard), 1))
    loss = (error * weight).sum(1)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
