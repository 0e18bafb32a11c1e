"""The clipped surrogate of PPO and GRPO, as a loss over tokens."""

import torch
from torch import Tensor


def clipped_policy_loss(
    logps: Tensor,
    old_logps: Tensor,
    advantage: Tensor,
    mask: Tensor | None = None,
    clip: float = 0.2,
    reduction: str = "mean",
) -> Tensor:
    """-min(r * A, clamp(r, 1 - clip, 1 + clip) * A), with r = exp(logps - old_logps).

    A token whose ratio has left the interval in the direction that the advantage A
    wants gets no gradient any more.

    Args:
        logps: `(N, T)`, log-probabilities of the sampled tokens under the policy.
        old_logps: `(N, T)`, the same when they were sampled; no gradient flows here.
        advantage: `(N, T)`, how much better than expected; no gradient flows here.
        mask: `(N, T)`, bool: True for tokens of the response. None counts all.
        clip: Half width of the interval of the ratio; between 0 and 1.
        reduction: `"mean"` (over tokens that count, 0 if none does), `"sum"`, or
            `"none"`.

    Returns:
        A scalar, or `(N, T)` for `"none"`. Half-precision input is computed in
        float32; differences of log-probabilities are cut at 20 and -20.

    Raises:
        ValueError: If the shapes differ, `mask` is not bool, `clip` is out of range,
            or `reduction` is unknown.

    Source: Schulman et al. 2017, Proximal Policy Optimization Algorithms, Equation 7
    (there an objective to maximise).

    Examples:
        On the policy that sampled, the gradient is that of -A * log p:

        >>> logps = torch.tensor([[-1.0, -2.0]], requires_grad=True)
        >>> advantage = torch.tensor([[1.5, -0.5]])
        >>> loss = clipped_policy_loss(logps, logps, advantage, reduction="sum")
        >>> torch.autograd.grad(loss, logps)[0].tolist()
        [[-1.5, 0.5]]

        At twice the probability a good token is let go, a bad one is not:

        >>> old = logps.detach() - torch.tensor(2.0).log()
        >>> loss = clipped_policy_loss(logps, old, advantage, reduction="sum")
        >>> torch.autograd.grad(loss, logps)[0].tolist()
        [[0.0, 1.0]]
    """
    mask = torch.ones_like(logps, dtype=torch.bool) if mask is None else mask
    shapes = [tuple(x.shape) for x in (logps, old_logps, advantage, mask)]
    if len(set(shapes)) > 1 or mask.dtype != torch.bool:
        raise ValueError(
            "logps, old_logps, advantage and a bool mask must have the same shape, got "
            f"{', '.join(map(str, shapes))} and {mask.dtype}"
        )
    if not 0 < clip < 1:
        raise ValueError(f"clip must be between 0 and 1, got {clip}")
    dtype = torch.promote_types(logps.dtype, torch.float32)
    difference = logps.to(dtype) - old_logps.to(dtype).detach()
    ratio = difference.clamp(-20, 20).exp()
    advantage = advantage.to(dtype).detach()
    loss = -torch.minimum(
        ratio * advantage, ratio.clamp(1 - clip, 1 + clip) * advantage
    ).where(mask, 0.0)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / mask.sum().clamp(min=1)
    raise ValueError(f"reduction must be 'none', 'mean' or 'sum', got {reduction!r}")
