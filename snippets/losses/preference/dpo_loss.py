"""Direct preference optimisation (DPO), with the label smoothing of cDPO."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def dpo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    beta: float = 0.1,
    label_smoothing: float = 0.0,
    reduction: str = "mean",
) -> Tensor:
    """-log sigmoid(beta * h), h being the gain over the reference of the log-odds.

    h = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected).
    No gradient flows into the reference.

    Args:
        policy_chosen_logps: `(N,)`, log-probability of the preferred responses, summed
            over their tokens.
        policy_rejected_logps: The same of the other responses.
        reference_chosen_logps: The same of the preferred ones under the frozen model.
        reference_rejected_logps: The same of the others under the frozen model.
        beta: Strength of the tie to the reference; positive.
        label_smoothing: Share of the labels taken to be wrong, from 0 to 0.5.
        reduction: `"mean"` (over pairs), `"sum"`, or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`; log 2 where policy and reference agree.
        Half-precision input is computed in float32.

    Raises:
        ValueError: If the shapes differ, `beta` is not positive and finite,
            `label_smoothing` is out of range, or `reduction` is unknown.

    Source: Rafailov et al. 2023, Direct Preference Optimization, Equation 7;
    E. Mitchell 2023, A note on DPO with noisy preferences (cDPO), Equation 3.

    Examples:
        Before the first step the loss is log 2:

        >>> chosen, rejected = torch.tensor([-40.0, -9.0]), torch.tensor([-35.0, -9.0])
        >>> dpo_loss(chosen, rejected, chosen, rejected)
        tensor(0.6931)

        It is binary cross-entropy with the logit beta * h and the target 1:

        >>> h = torch.tensor([-300.0, 2.0, 300.0])
        >>> zero = torch.zeros(3)
        >>> loss = dpo_loss(h, zero, zero, zero, beta=0.5, reduction="none")
        >>> bce = F.binary_cross_entropy_with_logits
        >>> loss.allclose(bce(0.5 * h, torch.ones(3), reduction="none"))
        True
    """
    logps = (
        policy_chosen_logps,
        policy_rejected_logps,
        reference_chosen_logps,
        reference_rejected_logps,
    )
    if len({x.shape for x in logps}) > 1:
        raise ValueError(
            "policy_chosen_logps, policy_rejected_logps, reference_chosen_logps and "
            "reference_rejected_logps must have the same shape, got "
            + ", ".join(str(tuple(x.shape)) for x in logps)
        )
    if not 0 < beta < math.inf:
        raise ValueError(f"beta must be positive and finite, got {beta}")
    if not 0 <= label_smoothing <= 0.5:
        raise ValueError(f"label_smoothing must be in [0, 0.5], got {label_smoothing}")
    dtype = torch.promote_types(policy_chosen_logps.dtype, torch.float32)
    chosen, rejected, *reference = (x.to(dtype) for x in logps)
    h = (chosen - reference[0].detach()) - (rejected - reference[1].detach())
    loss = F.softplus(-beta * h) * (1 - label_smoothing)
    loss = loss + F.softplus(beta * h) * label_smoothing
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
