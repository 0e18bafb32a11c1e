"""Turn a multi-hot target into the index target of MultiLabelMarginLoss."""

import torch
from torch import Tensor


def label_indices(multi_hot: Tensor) -> Tensor:
    """List the indices of the labels that are on, then fill the row with -1.

    Args:
        multi_hot: `(C,)` or `(N, C)`; 0 or 1, any real or bool dtype.

    Returns:
        The shape of `multi_hot`, int64: the indices in rising order, then -1.

    Raises:
        ValueError: If there is no dimension, or a value is neither 0 nor 1.

    Source: `torch.nn.MultiLabelMarginLoss`, whose target this is.

    Examples:
        >>> label_indices(torch.tensor([[0, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]]))
        tensor([[ 1,  3, -1, -1],
                [ 0, -1, -1, -1],
                [-1, -1, -1, -1]])

        Label 2 is on, and each label that is off is at distance 2 or 3 below it:

        >>> scores = torch.tensor([[0.0, 1.0, 3.0]])
        >>> target = label_indices(torch.tensor([[0.0, 0.0, 1.0]]))
        >>> torch.nn.MultiLabelMarginLoss()(scores, target)
        tensor(0.)
    """
    if multi_hot.dim() == 0:
        raise ValueError("multi_hot must have shape (C,) or (N, C), got ()")
    wrong = multi_hot[(multi_hot != 0) & (multi_hot != 1)]
    if wrong.numel():
        raise ValueError(f"multi_hot must be 0 or 1, got {wrong[0].item()}")
    on = multi_hot.to(torch.uint8)
    order = on.argsort(dim=-1, descending=True, stable=True)
    position = torch.arange(on.shape[-1], device=on.device)
    return torch.where(position < on.sum(dim=-1, keepdim=True), order, -1)
