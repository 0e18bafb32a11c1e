"""Three numbers that tell a collapsed embedding from a healthy one."""

import torch
from torch import Tensor
from torch.nn import functional as F


def embedding_spread(embedding: Tensor) -> dict[str, float]:
    """How far unit-length embeddings fill their space: log it beside the loss.

    Args:
        embedding: `(N, D)`, floating point; a few hundred samples, of many classes.

    Returns:
        `"spread"`: standard deviation of a coordinate of the normalised embeddings,
        times sqrt(D). 0 if all coincide, 1 if they are uniform on the sphere.
        `"rank"`: effective rank of the centred matrix, the exponential of the entropy
        of its normalised singular values; 1 on a line, at most min(N - 1, D); 0 if all
        coincide. `"cosine"`: mean cosine similarity of two different samples.

    Raises:
        ValueError: If the shape is not `(N, D)` with at least two samples.

    Source: X. Chen and K. He, Exploring Simple Siamese Representation Learning, 2021,
    for the deviation; O. Roy and M. Vetterli, The Effective Rank, 2007.

    Examples:
        >>> generator = torch.Generator().manual_seed(0)
        >>> healthy = torch.randn(2000, 16, generator=generator)
        >>> {k: round(v, 1) + 0.0 for k, v in embedding_spread(healthy).items()}
        {'spread': 1.0, 'rank': 16.0, 'cosine': 0.0}

        Complete collapse, and collapse to a plane:

        >>> {k: round(v, 1) for k, v in embedding_spread(torch.ones(9, 16)).items()}
        {'spread': 0.0, 'rank': 0.0, 'cosine': 1.0}
        >>> healthy[:, 2:] = 0
        >>> {k: round(v, 1) + 0.0 for k, v in embedding_spread(healthy).items()}
        {'spread': 1.0, 'rank': 2.0, 'cosine': 0.0}
    """
    if embedding.ndim != 2 or len(embedding) < 2:
        raise ValueError(
            "embedding must have shape (N, D) with N of at least 2, "
            f"got {tuple(embedding.shape)}"
        )
    unit = F.normalize(embedding.detach().double(), dim=1)
    n, d = unit.shape
    centred = unit - unit.mean(dim=0)
    share = torch.linalg.svdvals(centred)
    total = share.sum()
    share = share / total
    pairs = (unit.sum(dim=0).square().sum() - unit.square().sum()) / (n * (n - 1))
    return {
        "spread": (centred.square().mean() * d).sqrt().item(),
        "rank": torch.special.entr(share).sum().exp().item() if total > 1e-6 else 0.0,
        "cosine": pairs.item(),
    }
