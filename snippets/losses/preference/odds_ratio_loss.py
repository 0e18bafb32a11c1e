"""The odds-ratio term of ORPO, which needs no reference model."""

import torch
from torch import Tensor
from torch.nn import functional as F


def _log_odds(log_p: Tensor) -> Tensor:
    # log p - log(1 - p); at log_p = 0 the odds are infinite, so stay one ulp below
    log_p = log_p.clamp(max=-torch.finfo(log_p.dtype).eps)
    return log_p - torch.log(-torch.expm1(log_p))


def odds_ratio_loss(
    chosen_logps: Tensor, rejected_logps: Tensor, reduction: str = "mean"
) -> Tensor:
    """-log sigmoid(log odds of chosen - log odds of rejected), odds = p / (1 - p).

    ORPO adds it, times 0.1, to the cross-entropy of the chosen response.

    Args:
        chosen_logps: `(N,)`, log-probability a token (the mean over the response) of
            the preferred responses, not above 0.
        rejected_logps: `(N,)`, the same of the other responses.
        reduction: `"mean"` (over pairs), `"sum"`, or `"none"`.

    Returns:
        A scalar, or `(N,)` for `"none"`. Half-precision input is computed in float32.

    Raises:
        ValueError: If the shapes differ or `reduction` is unknown.

    Source: Hong et al. 2024, ORPO: Monolithic Preference Optimization without
    Reference Model, Equations 4 and 7.

    Examples:
        Odds of 9 against 1, so -log(9 / 10):

        >>> chosen, rejected = torch.tensor([0.9]).log(), torch.tensor([0.5]).log()
        >>> odds_ratio_loss(chosen, rejected)
        tensor(0.1054)
        >>> chosen = torch.tensor([0.0, -1e-9, -1e4], requires_grad=True)
        >>> odds_ratio_loss(chosen, torch.tensor([-2.0, -1e4, 0.0])).isfinite()
        tensor(True)
    """
    if chosen_logps.shape != rejected_logps.shape:
        raise ValueError(
            "chosen_logps and rejected_logps must have the same shape, got "
            f"{tuple(chosen_logps.shape)} and {tuple(rejected_logps.shape)}"
        )
    dtype = torch.promote_types(chosen_logps.dtype, torch.float32)
    odds = _log_odds(chosen_logps.to(dtype)) - _log_odds(rejected_logps.to(dtype))
    loss = F.softplus(-odds)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.mean()
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
