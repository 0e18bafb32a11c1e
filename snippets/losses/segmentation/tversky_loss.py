"""Tversky and focal Tversky loss of binary masks, from logits."""

import math

import torch
from torch import Tensor


def tversky_loss(
    logits: Tensor,
    target: Tensor,
    alpha: float = 0.3,
    beta: float = 0.7,
    exponent: float = 1.0,
    smooth: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Dice loss with a weight for false positives and one for false negatives.

    With TP = sum(p y), FP = sum(p (1 - y)), FN = sum((1 - p) y), per sample:
    (1 - (TP + smooth) / (TP + alpha FP + beta FN + smooth)) ** exponent.

    Args:
        logits: `(N, *)`, for example `(N, 1, H, W)`; floating point.
        target: The shape of `logits`; any real dtype; mask of 0 and 1.
        alpha: Weight of the false positives; positive.
        beta: Weight of the false negatives; positive.
        exponent: 1 is Tversky, 0.75 focal Tversky (gamma = 4/3 in its paper, whose
            exponent is 1 / gamma); positive.
        smooth: Added above and below the fraction line, in pixels; positive.
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed and
        returned in float32.

    Raises:
        ValueError: If the shapes differ or have no `N`, a number is not positive
            and finite, or `reduction` is unknown.

    Source: S. S. M. Salehi, D. Erdogmus and A. Gholipour, Tversky loss function for
    image segmentation, 2017; N. Abraham and N. M. Khan, A Novel Focal Tversky loss
    function, 2018.

    Examples:
        Weights of a half give Dice, with half of its smoothing:

        >>> target = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
        >>> logits = torch.tensor([[100.0, -100.0, -100.0, -100.0]])
        >>> tversky_loss(logits, target, 0.5, 0.5, smooth=0.5)  # 1 - (2 + 1)/(3 + 1)
        tensor(0.2500)

        A missed pixel costs more than an invented one if beta is above alpha:

        >>> missed = tversky_loss(logits, target)
        >>> missed > tversky_loss(logits, target, alpha=0.7, beta=0.3)
        tensor(True)
    """
    if logits.shape != target.shape or logits.dim() == 0:
        raise ValueError(
            "logits and target must have the same shape (N, *), got "
            f"{tuple(logits.shape)} and {tuple(target.shape)}"
        )
    if not all(0 < x < math.inf for x in (alpha, beta, exponent, smooth)):
        raise ValueError(
            "alpha, beta, exponent and smooth must be positive and finite, got "
            f"{alpha}, {beta}, {exponent} and {smooth}"
        )
    dtype = torch.promote_types(logits.dtype, torch.float32)
    z, y = (x.to(dtype).unsqueeze(1).flatten(1) for x in (logits, target))
    p, q = z.sigmoid(), (-z).sigmoid()
    true = (p * y).sum(1)
    wrong = alpha * (p * (1 - y)).sum(1) + beta * (q * y).sum(1)
    loss = wrong / (true + wrong + smooth)
    if exponent != 1:
        # The slope at 0 is infinite for exponents below 1, and times 0 it is NaN.
        loss = loss.clamp(min=torch.finfo(dtype).eps) ** exponent
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
