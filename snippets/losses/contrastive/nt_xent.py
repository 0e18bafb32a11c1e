"""NT-Xent: SimCLR's InfoNCE, in which both views are queries and negatives."""

import torch
from torch import Tensor
from torch.nn import functional as F


def nt_xent(first: Tensor, second: Tensor, temperature: float = 0.5) -> Tensor:
    """Cross-entropy of finding a sample's other view among all 2N - 1 other views.

    Args:
        first: Embeddings of one view, `(N, D)`, floating point; normalised here.
        second: Of the other view, `(N, D)`; row i belongs to row i of `first`.
        temperature: Divides the cosine similarities; positive.

    Returns:
        A scalar, the mean over all 2N anchors, between 0 and log(2N - 1) + 2 /
        `temperature`. Half-precision input is computed and returned in float32.

    Raises:
        ValueError: If the shapes differ or are not `(N, D)`, N is 0, or `temperature`
            is not positive.

    Source: T. Chen, S. Kornblith, M. Norouzi and G. Hinton, A Simple Framework for
    Contrastive Learning of Visual Representations, 2020.

    Examples:
        Equal embeddings cost log(2N - 1), at every temperature:

        >>> nt_xent(torch.ones(8, 4), torch.ones(8, 4), 0.1), torch.tensor(15.0).log()
        (tensor(2.7081), tensor(2.7081))

        Which view is called the first does not matter, nor does the length:

        >>> first, second = torch.randn(2, 6, 3, generator=torch.manual_seed(0))
        >>> torch.allclose(nt_xent(first, second), nt_xent(second, 9 * first))
        True

        Perfect: each pair coincides and all pairs are orthogonal.

        >>> nt_xent(torch.eye(8), torch.eye(8), 0.1)
        tensor(0.0006)
    """
    if first.ndim != 2 or first.shape != second.shape or len(first) == 0:
        raise ValueError(
            "first and second must both have shape (N, D), "
            f"got {tuple(first.shape)} and {tuple(second.shape)}"
        )
    if not temperature > 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    views = torch.cat([first, second])
    views = views.to(torch.promote_types(views.dtype, torch.float32))
    views = F.normalize(views, dim=1)
    # under autocast the product would be half precision again
    with torch.autocast(views.device.type, enabled=False):
        logits = views @ views.T / temperature
    logits.fill_diagonal_(-torch.inf)  # nobody is its own negative
    target = torch.arange(len(views), device=views.device).roll(len(first))
    return F.cross_entropy(logits, target)
