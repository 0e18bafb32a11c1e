"""CTC whose gradient is right for scores that are not log-probabilities."""

import torch
from torch import Tensor
from torch.nn import functional as F


def ctc_from_scores(
    scores: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """CTC loss of any scores, with the derivative of the value that it returns.

    The backward of `F.ctc_loss` assumes that `log_probs` came out of a log-softmax and
    adds exp(log_probs) to the derivative. Harmless there, this is wrong once you
    subtract a label prior or divide by a temperature after the log-softmax. Here a term
    of value 0 and gradient -exp(scores) takes it away.

    Args:
        scores: `(T, N, C)`, log-probabilities or other log-scores; floating. Half
            precision is computed in float32.
        targets: `(N, S)` padded or `(sum of lengths,)`; integers.
        input_lengths: `(N,)`, integers.
        target_lengths: `(N,)`, integers.
        blank: Index of the blank.
        reduction: `"mean"` (each loss over its target length, then over the batch),
            `"sum"` or `"none"`.
        zero_infinity: Count a target that has no path as 0, also in the gradient.

    Returns:
        A scalar, or `(N,)` for `"none"`. Negative if the scores sum to more than 1.

    Raises:
        ValueError: If `scores` is not `(T, N, C)` or empty, the lengths are not `(N,)`,
            or `reduction` is unknown.

    Source: A. Graves et al., Connectionist Temporal Classification, 2006, whose
    eq. 16 torch returns for every input; `torch.nn.functional.ctc_loss`.

    Examples:
        >>> scores = torch.randn(7, 2, 4, generator=torch.manual_seed(0)).double()
        >>> rest = (
        ...     torch.tensor([[1, 2], [3, 3]]),
        ...     torch.tensor([7, 5]),
        ...     torch.tensor([2, 2]),
        ... )
        >>> check = torch.autograd.gradcheck
        >>> check(lambda s: ctc_from_scores(s, *rest), scores.requires_grad_())
        True
        >>> check(lambda s: F.ctc_loss(s, *rest), scores, raise_exception=False)
        False
        >>> ctc_from_scores(scores, *rest) == F.ctc_loss(scores, *rest)
        tensor(True)
    """
    if scores.dim() != 3 or not scores.numel():
        raise ValueError(f"scores must be (T, N, C), got {tuple(scores.shape)}")
    lengths = input_lengths.shape, target_lengths.shape
    if lengths != (scores.shape[1:2],) * 2:
        raise ValueError(
            f"input_lengths and target_lengths must be ({scores.shape[1]},), got "
            f"{tuple(lengths[0])} and {tuple(lengths[1])}"
        )
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(
            f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}"
        )
    scores = scores.to(torch.promote_types(scores.dtype, torch.float32))
    lengths = input_lengths.to(scores.device)
    loss = F.ctc_loss(
        scores, targets, input_lengths, target_lengths, blank, "none", zero_infinity
    )
    time = torch.arange(len(scores), device=scores.device)
    valid = (time[:, None] < lengths)[..., None]
    alive = (
        loss.detach() != 0 if zero_infinity else torch.ones_like(lengths, dtype=bool)
    )
    mass = torch.where(valid & alive[:, None], scores, -torch.inf).exp().sum((0, 2))
    loss = loss - (mass - mass.detach())
    if reduction == "mean":
        return (loss / target_lengths.to(loss.device).clamp(min=1)).mean()
    return loss.sum() if reduction == "sum" else loss
