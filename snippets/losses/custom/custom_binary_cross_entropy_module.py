"""Binary cross-entropy as a module: the weight of the positives is a buffer."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class CustomBinaryCrossEntropy(nn.Module):
    """Binary cross-entropy of logits, with a factor on the positives.

    `criterion(logits, target)` takes two tensors of one shape, the target with values
    in [0, 1], and returns a scalar, or their shape for `"none"`. It raises a ValueError
    if the shapes differ. Half-precision logits are computed in float32.

    Args:
        pos_weight: Factor on the loss of positives, one for each of the last
            dimension's C outputs: `(C,)`, or a scalar tensor `()`. None means 1.
        reduction: `"mean"` (over all elements), `"sum"` or `"none"`.

    Raises:
        ValueError: If `reduction` is unknown.

    Source: `torch.nn.BCEWithLogitsLoss`.

    Examples:
        >>> logits = torch.tensor([[-200.0, 1.0], [0.5, 200.0]])
        >>> target = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
        >>> weight = torch.tensor([3.0, 1.0])
        >>> criterion = CustomBinaryCrossEntropy(pos_weight=weight)
        >>> theirs = nn.BCEWithLogitsLoss(pos_weight=weight)
        >>> criterion(logits, target).equal(theirs(logits, target))
        True
        >>> list(criterion.state_dict()), list(criterion.parameters())
        (['pos_weight'], [])
    """

    pos_weight: Tensor | None

    def __init__(
        self, pos_weight: Tensor | None = None, reduction: str = "mean"
    ) -> None:
        super().__init__()
        if reduction not in ("none", "mean", "sum"):
            raise ValueError(
                f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
            )
        self.register_buffer("pos_weight", pos_weight)
        self.reduction = reduction

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        if logits.shape != target.shape:
            raise ValueError(
                "logits and target must have the same shape, got "
                f"{tuple(logits.shape)} and {tuple(target.shape)}"
            )
        weight = self.pos_weight
        if weight is not None and weight.shape not in ((), logits.shape[-1:]):
            raise ValueError(
                f"pos_weight must have shape () or {tuple(logits.shape[-1:])}, "
                f"got {tuple(weight.shape)}"
            )
        dtype = torch.promote_types(logits.dtype, torch.float32)
        z, y = logits.to(dtype), target.to(dtype)
        log_p = F.logsigmoid(z)
        if weight is not None:
            log_p = log_p * (1 + (weight.to(dtype) - 1) * y)
        loss = (1 - y) * z - log_p
        return loss if self.reduction == "none" else getattr(loss, self.reduction)()
