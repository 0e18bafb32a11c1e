"""Lovász-Softmax loss: a surrogate of one minus the mean intersection over union."""

import torch
from torch import Tensor


def lovasz_softmax(
    logits: Tensor,
    target: Tensor,
    ignore_index: int = -100,
    skip_absent: bool = True,
    reduction: str = "mean",
) -> Tensor:
    """Probability errors, weighted by what each adds to the Jaccard loss of a class.

    Args:
        logits: `(N, C, *)`, for example `(N, C, H, W)`; floating point.
        target: `(N, *)`; class indices from 0 to C - 1, or `ignore_index`; integer.
        ignore_index: Pixels of this target do not count.
        skip_absent: Whether classes that the target lacks are left out of the mean.
        reduction: `"mean"` (over the classes that count), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(C,)` for `"none"`, 0 where a class is skipped; over the pixels
        of the whole batch. If every pixel is ignored it is 0. Half-precision input is
        computed and returned in float32.

    Raises:
        ValueError: If the shapes do not fit, a target is no class (checking this waits
            for the GPU), or `reduction` is unknown.

    Source: M. Berman, A. Rannen Triki and M. B. Blaschko, The Lovász-Softmax loss,
    2018, algorithm 1 on softmax errors.

    Examples:
        On certain predictions it is one minus the mean IoU, here of 1/2 and 2/3:

        >>> target = torch.tensor([[0, 0, 1, 1]])
        >>> logits = 100 * torch.eye(2)[[0, 1, 1, 1]].T[None]
        >>> lovasz_softmax(logits, target, reduction="none")
        tensor([0.5000, 0.3333])
        >>> lovasz_softmax(logits, target)
        tensor(0.4167)
    """
    if logits.dim() < 2 or logits.shape[:1] + logits.shape[2:] != target.shape:
        raise ValueError(
            "logits must be (N, C, *) and target (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    p = logits.to(dtype).softmax(1).transpose(0, 1).flatten(1)
    valid = target.flatten() != ignore_index
    wrong = target.flatten()[valid & ~((target >= 0) & (target < len(p))).flatten()]
    if wrong.numel():
        raise ValueError(
            f"target must be below {len(p)} or ignore_index, got {wrong[0].item()}"
        )
    classes = torch.arange(len(p), device=p.device).unsqueeze(1)
    y = ((target.flatten() == classes) & valid).to(dtype)
    # An ignored pixel gets error 0: it comes last and adds nothing.
    error, order = ((y - p).abs() * valid).sort(1, descending=True)
    present = y.sum(1, keepdim=True)
    y = y.gather(1, order)
    jaccard = 1 - (present - y.cumsum(1)) / (present + (1 - y).cumsum(1))
    weight = jaccard.diff(dim=1, prepend=jaccard.new_zeros(len(jaccard), 1))
    counts = present.squeeze(1) > 0
    if not skip_absent:
        counts = torch.ones_like(counts)
    loss = (error * weight).sum(1) * counts
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / counts.sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
