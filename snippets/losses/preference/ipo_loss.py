"""Identity preference optimisation (IPO): a squared error on the preference margin."""

import math

import torch
from torch import Tensor


def ipo_loss(
    policy_chosen_logps: Tensor,
    policy_rejected_logps: Tensor,
    reference_chosen_logps: Tensor,
    reference_rejected_logps: Tensor,
    tau: float = 0.1,
    reduction: str = "mean",
) -> Tensor:
    """(h - 1 / (2 * tau))**2, h being the gain over the reference of the log-odds.

    h = (policy_chosen - reference_chosen) - (policy_rejected - reference_rejected).
    The loss pulls h to 1 / (2 * tau) from both sides, so it has a finite target. No
    gradient flows into the reference.

    Args:
        policy_chosen_logps: `(N,)`, log-probability of the preferred responses; a sum
            over tokens in the paper, a mean in TRL.
        policy_rejected_logps: The same of the other responses.
        reference_chosen_logps: The same of the preferred ones under the frozen model.
        reference_rejected_logps: The same of the others under the frozen model.
        tau: Strength of the tie to the reference; positive.
        reduction: `"mean"` (over pairs), `"sum"`, or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed in float32.

    Raises:
        ValueError: If the shapes differ, `tau` is not positive and finite, or
            `reduction` is unknown.

    Source: Azar et al. 2023, A General Theoretical Paradigm to Understand Learning
    from Human Preferences, Equation 17.

    Examples:
        >>> h = torch.tensor([0.0, 5.0, 10.0], requires_grad=True)
        >>> zero = torch.zeros(3)
        >>> loss = ipo_loss(h, zero, zero, zero, tau=0.1, reduction="none")
        >>> loss.tolist(), torch.autograd.grad(loss.sum(), h)[0].tolist()
        ([25.0, 0.0, 25.0], [-10.0, 0.0, 10.0])
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
    if not 0 < tau < math.inf:
        raise ValueError(f"tau must be positive and finite, got {tau}")
    dtype = torch.promote_types(policy_chosen_logps.dtype, torch.float32)
    chosen, rejected, *reference = (x.to(dtype) for x in logps)
    h = (chosen - reference[0].detach()) - (rejected - reference[1].detach())
    loss = (h - 1 / (2 * tau)) ** 2
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
