"""Supervised contrastive loss: every sample of the same label is a positive."""

import torch
from torch import Tensor
from torch.nn import functional as F


def supervised_contrastive_loss(
    embedding: Tensor,
    label: Tensor,
    temperature: float = 0.1,
    form: str = "out",
    reduction: str = "mean",
) -> Tensor:
    """Mean log-probability of the anchor's positives among all other samples.

    With two augmented views, concatenate the embeddings and repeat the labels. An
    anchor without a positive in the batch is left out.

    Args:
        embedding: `(N, D)`, floating point; normalised here.
        label: `(N,)`, integer; equal labels are positives of each other.
        temperature: Divides the cosine similarities; positive.
        form: `"out"` averages the positives outside the logarithm, which the paper
            recommends; `"in"` inside it.
        reduction: `"mean"` (over the M anchors with a positive), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(M,)` for `"none"`; 0 with zero gradient if no anchor has a
        positive. Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If a shape is wrong, `temperature` is not positive, or `form` or
            `reduction` is unknown.

    Source: P. Khosla et al., Supervised Contrastive Learning, 2020, which
    gives both forms.

    Examples:
        With one positive each it is NT-Xent, and both forms are equal:

        >>> x = torch.randn(6, 4, generator=torch.manual_seed(0))
        >>> label = torch.tensor([0, 1, 2, 0, 1, 2])
        >>> logits = torch.cosine_similarity(x[:, None], x[None], dim=2) / 0.1
        >>> others = logits.masked_fill(torch.eye(6).bool(), -torch.inf)
        >>> written_out = F.cross_entropy(others, torch.tensor([3, 4, 5, 0, 1, 2]))
        >>> supervised_contrastive_loss(x, label).allclose(written_out)
        True
        >>> supervised_contrastive_loss(x, label, form="in").allclose(written_out)
        True

        With more, `"out"` is never below `"in"` (Jensen):

        >>> label = torch.tensor([0, 0, 0, 1, 1, 1])
        >>> out, inside = (
        ...     supervised_contrastive_loss(x, label, form=form, reduction="none")
        ...     for form in ("out", "in")
        ... )
        >>> (out >= inside).all()
        tensor(True)
    """
    if embedding.ndim != 2 or label.shape != embedding.shape[:1]:
        raise ValueError(
            "embedding and label must have the shapes (N, D) and (N,), got "
            f"{tuple(embedding.shape)} and {tuple(label.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    if form not in ("out", "in"):
        raise ValueError(f"form must be 'out' or 'in', got {form!r}")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    dtype = torch.promote_types(embedding.dtype, torch.float32)
    unit = F.normalize(embedding.to(dtype), dim=1)
    with torch.autocast(unit.device.type, enabled=False):
        logits = unit @ unit.T / temperature
    itself = torch.eye(len(label), dtype=torch.bool, device=label.device)
    positive = (label[:, None] == label) & ~itself
    anchor = positive.any(dim=1)
    logits, positive = logits[anchor], positive[anchor]
    total = logits.masked_fill(itself[anchor], -torch.inf).logsumexp(dim=1)
    count = positive.sum(dim=1)
    if form == "out":
        loss = total - (logits * positive).sum(dim=1) / count
    else:
        inside = logits.masked_fill(~positive, -torch.inf).logsumexp(dim=1)
        loss = total - inside + count.log()
    if reduction == "none":
        return loss
    return loss.sum() / (max(len(loss), 1) if reduction == "mean" else 1)
