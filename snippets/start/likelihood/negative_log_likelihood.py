"""Any distribution as a loss: the mean of -log p(target)."""

from torch import Tensor
from torch.distributions import Distribution


def negative_log_likelihood(prediction: Distribution, target: Tensor) -> Tensor:
    """Mean over the batch of -log p(target) under the predicted distribution.

    Args:
        prediction: a distribution whose parameters come from the model, one for each
            element of the batch.
        target: observations, of shape `batch_shape + event_shape`.

    Returns:
        A scalar. For a density it can be negative.

    Raises:
        ValueError: if the shape of `target` is not that of one draw; `log_prob` alone
            would broadcast `(N, 1)` against `(N,)`.

    Source: torch.distributions.Distribution.log_prob.

    Examples:
        >>> import torch
        >>> from torch.distributions import Categorical, Normal
        >>> from torch.nn import functional as F
        >>> _ = torch.manual_seed(0)
        >>> logits, y = torch.randn(5, 3), torch.tensor([0, 1, 2, 1, 0])
        >>> loss = negative_log_likelihood(Categorical(logits=logits), y)
        >>> torch.allclose(loss, F.cross_entropy(logits, y))
        True

        A narrow density at its own mean is above 1, so its loss is below 0:

        >>> narrow = Normal(torch.zeros(4), 0.01)
        >>> round(negative_log_likelihood(narrow, torch.zeros(4)).item(), 3)
        -3.686
    """
    wanted = prediction.batch_shape + prediction.event_shape
    if target.shape != wanted:
        raise ValueError(
            f"target must have shape {tuple(wanted)}, got {tuple(target.shape)}"
        )
    return -prediction.log_prob(target).mean()
