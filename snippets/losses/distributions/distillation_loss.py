"""Knowledge distillation: a student learns from a teacher's logits and the labels."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def distillation_loss(
    student_logits: Tensor,
    teacher_logits: Tensor,
    target: Tensor,
    temperature: float = 4.0,
    alpha: float = 0.5,
    reduction: str = "mean",
) -> Tensor:
    """alpha * T**2 * KL(teacher || student) at T, plus 1 - alpha times cross-entropy.

    Both logits are divided by the temperature T in the first term, and by nothing in
    the second. T**2 keeps the gradient of the first term at one scale, so that alpha
    means the same at each temperature. The teacher gets no gradient.

    Args:
        student_logits: `(N, C)`, floating.
        teacher_logits: `(N, C)`, floating; detached here.
        target: `(N,)`, int64 class indices.
        temperature: T, positive; the same for both models.
        alpha: Share of the teacher, from 0 (labels only) to 1 (teacher only).
        reduction: `"mean"` (over samples), `"sum"` or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half precision is computed and returned in
        float32.

    Raises:
        ValueError: If the shapes do not fit, `temperature` is not positive and finite,
            `alpha` is outside [0, 1], or `reduction` is unknown.

    Source: G. Hinton, O. Vinyals and J. Dean, Distilling the Knowledge in a Neural
    Network, 2015, section 2.

    Examples:
        >>> z, v = torch.randn(2, 4, 5, generator=torch.manual_seed(0)).double()
        >>> target = torch.tensor([0, 1, 2, 3])
        >>> hard = F.cross_entropy(z, target)
        >>> distillation_loss(z, v, target, alpha=0.0).allclose(hard)
        True

        At a high temperature it matches the centred logits (their equation 4):

        >>> gap = (z - z.mean(1, keepdim=True)) - (v - v.mean(1, keepdim=True))
        >>> loss = distillation_loss(z, v, target, temperature=1e4, alpha=1.0)
        >>> loss.allclose((gap**2).mean() / 2, rtol=1e-3)
        True
    """
    if student_logits.dim() != 2 or student_logits.shape != teacher_logits.shape:
        raise ValueError(
            "student_logits and teacher_logits must have the same shape (N, C), got "
            f"{tuple(student_logits.shape)} and {tuple(teacher_logits.shape)}"
        )
    if target.shape != student_logits.shape[:1]:
        raise ValueError(
            f"target must be (N,) = {tuple(student_logits.shape[:1])}, got "
            f"{tuple(target.shape)}"
        )
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be positive and finite, got {temperature}")
    if not 0 <= alpha <= 1:
        raise ValueError(f"alpha must be between 0 and 1, got {alpha}")
    dtype = torch.promote_types(student_logits.dtype, torch.float32)
    student, teacher = student_logits.to(dtype), teacher_logits.detach().to(dtype)
    log_q = (student / temperature).log_softmax(dim=1)
    log_p = (teacher / temperature).log_softmax(dim=1)
    soft = F.kl_div(log_q, log_p, reduction="none", log_target=True).sum(dim=1)
    hard = F.cross_entropy(student, target, reduction="none")
    loss = alpha * temperature**2 * soft + (1 - alpha) * hard
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
