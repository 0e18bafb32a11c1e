"""How hard each of several losses pulls at the shared parameters."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def gradient_norms(losses: Sequence[Tensor], parameters: Iterable[Tensor]) -> Tensor:
    """Return the 2-norm of each loss's gradient with respect to shared parameters.

    Weights in inverse proportion to these norms make the losses pull equally hard at
    the moment of the measurement. Call it on a few batches, not in every step: each
    loss costs a backward pass.

    Args:
        losses: T scalars with a graph; the graph is kept for your own `backward()`.
        parameters: the parameters that the losses share; `.grad` is not touched.

    Returns:
        Norms `(T,)`, without a graph; 0 for a loss that reaches none of the parameters.

    Raises:
        ValueError: if a loss is not a scalar, or `losses` or `parameters` is empty.

    Source: torch.autograd.grad. The quantity that GradNorm (Chen et al. 2018) balances.

    Examples:
        Twice the loss, twice the pull, whatever its value; a constant does not pull:

        >>> w = torch.tensor([3.0, 4.0], requires_grad=True)
        >>> losses = [0.5 * w.square().sum(), w.square().sum() + 1e3]
        >>> gradient_norms(losses, [w])
        tensor([ 5., 10.])
        >>> w.grad is None
        True
    """
    shared = list(parameters)
    if not losses or not shared:
        raise ValueError(
            "losses and parameters must not be empty, "
            f"got {len(losses)} and {len(shared)}"
        )
    norms = []
    for loss in losses:
        if loss.ndim != 0:
            raise ValueError(f"losses must be scalars, got shape {tuple(loss.shape)}")
        grads = torch.autograd.grad(loss, shared, retain_graph=True, allow_unused=True)
        squares = [g.double().square().sum() for g in grads if g is not None]
        norms.append(sum(squares, loss.new_zeros((), dtype=torch.float64)).sqrt())
    return torch.stack(norms).to(torch.get_default_dtype())
