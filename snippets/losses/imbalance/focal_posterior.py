"""The probability that a binary model trained with focal loss stands for."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def focal_posterior(logits: Tensor, gamma: float = 2.0) -> Tensor:
    """Undo the bias of the focal loss: its logits to the probability of class 1.

    Where the true probability is eta, focal loss is least not at p = eta but where
    eta * phi(p) = (1 - eta) * phi(1 - p), with
    phi(p) = (1 - p)**(gamma - 1) * ((1 - p) - gamma * p * log(p)) / p. Solved for eta.

    Args:
        logits: Outputs of a model trained with `gamma` and without alpha; any shape,
            floating point.
        gamma: The gamma of the training; not negative.

    Returns:
        Probabilities, the shape of `logits`. Half-precision input is computed and
        returned in float32.

    Raises:
        ValueError: If `gamma` is negative or not finite.

    Source: N. Charoenphakdee et al., On Focal Loss for Class-Posterior Probability
    Estimation, 2021, for two classes.

    Examples:
        >>> z = torch.tensor([-3.0, 0.0, 1.0, 3.0])
        >>> z.sigmoid()
        tensor([0.0474, 0.5000, 0.7311, 0.9526])
        >>> [round(p, 4) for p in focal_posterior(z).tolist()]
        [0.0003, 0.5, 0.9359, 0.9997]

        Cross-entropy needs no correction:

        >>> focal_posterior(z, gamma=0.0).allclose(z.sigmoid())
        True
    """
    if not 0 <= gamma < math.inf:
        raise ValueError(f"gamma must be finite and not negative, got {gamma}")
    z = logits.to(torch.promote_types(logits.dtype, torch.float32))

    def log_phi(z: Tensor) -> Tensor:
        capped = z.clamp(max=30)  # -p log(p) / (1 - p) is 1 from there on
        ratio = F.softplus(-capped) * capped.exp()
        return gamma * F.logsigmoid(-z) - F.logsigmoid(z) + (gamma * ratio).log1p()

    return (log_phi(-z) - log_phi(z)).sigmoid()
