"""Kahneman-Tversky optimisation (KTO): learn from single responses, good or bad."""

import math

import torch
from torch import Tensor


def kto_loss(
    policy_logps: Tensor,
    reference_logps: Tensor,
    desirable: Tensor,
    kl: Tensor | float,
    beta: float = 0.1,
    desirable_weight: float = 1.0,
    undesirable_weight: float = 1.0,
    reduction: str = "mean",
) -> Tensor:
    """Weight times 1 - sigmoid(beta * (r - kl)), with the sign turned for bad ones.

    r = policy_logps - reference_logps is the reward of a response. The reference
    point `kl` is shared by the batch. No gradient flows into it or the reference.

    Args:
        policy_logps: `(N,)`, log-probability of the responses, summed over tokens.
        reference_logps: `(N,)`, the same under the frozen model.
        desirable: `(N,)`, bool: True for a response that was liked.
        kl: Estimate of KL(policy || reference), a scalar in nats: the mean of r over
            mismatched pairs of prompt and response. Below 0 it counts as 0.
        beta: Strength of the tie to the reference; positive.
        desirable_weight: Factor of the liked responses.
        undesirable_weight: Factor of the others.
        reduction: `"mean"` (over responses), `"sum"`, or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`, each between 0 and its weight. Half-precision
        input is computed in float32.

    Raises:
        ValueError: If the shapes differ, `desirable` is not bool, `kl` is no scalar,
            `beta` is not positive, a weight is negative or not finite, or `reduction`
            is unknown.

    Source: Ethayarajh et al. 2024, KTO: Model Alignment as Prospect Theoretic
    Optimization, the loss L_KTO.

    Examples:
        Before the first step each response costs half of its weight:

        >>> logps, liked = torch.tensor([-40.0, -9.0]), torch.tensor([True, False])
        >>> kto_loss(logps, logps, liked, kl=0.0, reduction="none").tolist()
        [0.5, 0.5]

        A good response gains by a higher log-probability, a bad one by a lower:

        >>> policy = torch.tensor([-40.0, -9.0], requires_grad=True)
        >>> kto_loss(policy, logps, liked, kl=0.0, reduction="sum").backward()
        >>> policy.grad.tolist()
        [-0.02500000037252903, 0.02500000037252903]
    """
    if not policy_logps.shape == reference_logps.shape == desirable.shape:
        raise ValueError(
            "policy_logps, reference_logps and desirable must have the same shape, got "
            f"{tuple(policy_logps.shape)}, {tuple(reference_logps.shape)} and "
            f"{tuple(desirable.shape)}"
        )
    if desirable.dtype != torch.bool:
        raise ValueError(f"desirable must be bool, got {desirable.dtype}")
    if not beta > 0:
        raise ValueError(f"beta must be positive, got {beta}")
    if not (0 <= desirable_weight < math.inf and 0 <= undesirable_weight < math.inf):
        raise ValueError(
            "desirable_weight and undesirable_weight must be finite and not negative, "
            f"got {desirable_weight} and {undesirable_weight}"
        )
    dtype = torch.promote_types(policy_logps.dtype, torch.float32)
    kl = torch.as_tensor(kl, dtype=dtype, device=policy_logps.device).detach()
    if kl.dim() > 0:
        raise ValueError(f"kl must be a scalar, got shape {tuple(kl.shape)}")
    gain = policy_logps.to(dtype) - reference_logps.to(dtype).detach()
    gain = gain - kl.clamp(min=0)
    sign = torch.where(desirable, -1.0, 1.0)
    weight = torch.where(desirable, desirable_weight, undesirable_weight)
    loss = weight * torch.sigmoid(sign * beta * gain)  # 1 - sigmoid(x) = sigmoid(-x)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
