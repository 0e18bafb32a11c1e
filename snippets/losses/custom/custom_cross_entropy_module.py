"""Cross-entropy as a module: class weights as a buffer, ignored targets, reduction."""

import torch
from torch import Tensor, nn


class CustomCrossEntropy(nn.Module):
    """Negative log-softmax at the target class, weighted by class.

    `criterion(logits, target)` takes `(N, C, ...)` and int64 `(N, ...)`, and returns a
    scalar, or the target's shape for `"none"`. It raises a ValueError if shapes or
    dtype do not fit. Half-precision logits are computed in float32.

    `"mean"` divides by the sum of the weights of the targets that count. If none
    counts, it is 0 / 0 = NaN, as in torch.

    Args:
        weight: One factor for each class, `(C,)`; None means 1.
        ignore_index: Targets of this value have neither loss nor gradient, and do not
            count in the mean.
        reduction: `"mean"`, `"sum"` or `"none"`.

    Raises:
        ValueError: If `reduction` is unknown.

    Source: `torch.nn.CrossEntropyLoss`.

    Examples:
        >>> logits = torch.tensor([[1000.0, 0.0], [0.5, 1.0], [2.0, 1.0]])
        >>> target, weight = torch.tensor([1, -100, 0]), torch.tensor([1.0, 3.0])
        >>> criterion = CustomCrossEntropy(weight)
        >>> criterion(logits, target).equal(nn.CrossEntropyLoss(weight)(logits, target))
        True
        >>> list(criterion.state_dict()), list(criterion.parameters())
        (['weight'], [])
    """

    weight: Tensor | None

    def __init__(
        self,
        weight: Tensor | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
    ) -> None:
        super().__init__()
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(
                f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
            )
        self.register_buffer("weight", weight)
        self.ignore_index = ignore_index
        self.reduction = reduction

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        if logits.ndim < 2 or target.shape != logits.shape[:1] + logits.shape[2:]:
            raise ValueError(
                "logits and target must have shapes (N, C, ...) and (N, ...), got "
                f"{tuple(logits.shape)} and {tuple(target.shape)}"
            )
        if target.dtype != torch.int64:
            raise ValueError(
                f"target must hold int64 class indices, got {target.dtype}"
            )
        if self.weight is not None and self.weight.shape != logits.shape[1:2]:
            raise ValueError(
                f"weight must have shape ({logits.shape[1]},), "
                f"got {tuple(self.weight.shape)}"
            )
        dtype = torch.promote_types(logits.dtype, torch.float32)
        counts = target != self.ignore_index
        index = target.where(counts, 0)  # any class: its loss is dropped below
        log_p = logits.to(dtype).log_softmax(dim=1)
        loss = -log_p.gather(1, index.unsqueeze(1)).squeeze(1)
        weight = counts.to(dtype)
        if self.weight is not None:
            weight = weight * self.weight.to(dtype)[index]
        loss = (loss * weight).where(counts, 0)
        if self.reduction == "none":
            return loss
        return loss.sum() / (weight.sum() if self.reduction == "mean" else 1)
