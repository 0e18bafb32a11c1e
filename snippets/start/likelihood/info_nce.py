"""InfoNCE: cross-entropy over similarities, with the other keys as negatives."""

import torch
from torch import Tensor
from torch.nn import functional as F


def info_nce(query: Tensor, key: Tensor, temperature: float = 0.07) -> Tensor:
    """Cross-entropy of finding each query's own key among all keys of the batch.

    The logits are cosine similarities divided by `temperature`; the target of row i is
    column i.

    Args:
        query: embeddings `(N, D)`, floating; normalised here.
        key: embeddings `(N, D)`; row i belongs to query i.
        temperature: divisor of the similarities, positive. 0.07 is MoCo's (He et al.
            2020); the smaller, the more the hardest negative dominates.

    Returns:
        A scalar: about log N for random embeddings at a high temperature, near 0 when
        every query is closest to its own key.

    Raises:
        ValueError: if the shapes differ or are not `(N, D)`, or the temperature is not
            positive.

    Source: van den Oord, Li & Vinyals 2018, Representation Learning with Contrastive
    Predictive Coding, Equation 4, with cosine similarities as scores.

    Examples:
        It is -log of a softmax, written out:

        >>> _ = torch.manual_seed(0)
        >>> q = F.normalize(torch.randn(6, 4), dim=1)
        >>> k = F.normalize(torch.randn(6, 4), dim=1)
        >>> score = (q @ k.T / 0.5).exp()
        >>> written_out = -(score.diagonal() / score.sum(dim=1)).log().mean()
        >>> torch.allclose(info_nce(q, k, temperature=0.5), written_out)
        True

        With equal similarities it is log N:

        >>> torch.allclose(
        ...     info_nce(torch.ones(8, 4), torch.ones(8, 4)), torch.tensor(8.0).log()
        ... )
        True
    """
    if query.ndim != 2 or query.shape != key.shape:
        raise ValueError(
            "query and key must both have shape (N, D), "
            f"got {tuple(query.shape)} and {tuple(key.shape)}"
        )
    if temperature <= 0:
        raise ValueError(f"temperature must be positive, got {temperature}")
    similarity = F.normalize(query, dim=1) @ F.normalize(key, dim=1).T
    target = torch.arange(len(query), device=query.device)
    return F.cross_entropy(similarity / temperature, target)
