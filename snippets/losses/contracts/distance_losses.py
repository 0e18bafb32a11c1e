"""Valid arguments and common mistakes of the similarity and ranking losses."""

from typing import Any

from torch import nn
from torch.nn import functional as F

_SWAPPED = {
    "positive and negative swapped": lambda a, p, n: (a, n, p),
    "all three equal (collapse)": lambda a, p, n: (a, a, a),
    "positive of another width": lambda a, p, n: (a, p[:, 1:], n),
    "positive without its batch": lambda a, p, n: (a, p[0], n),
}


def distance_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = distance_losses()
        >>> losses["TripletMarginLoss"]["signatures"][0]
        'reals (N, D), reals (N, D), reals (N, D)'
    """
    return {
        "TripletMarginLoss": {
            "class": nn.TripletMarginLoss,
            "function": F.triplet_margin_loss,
            "signatures": [
                "reals (N, D), reals (N, D), reals (N, D)",
                "reals (D), reals (D), reals (D)",
            ],
            "target": None,
            "chapter": "similarity.md#triplet",
            "wrong": _SWAPPED
            | {"`margin=0`": lambda a, p, n: F.triplet_margin_loss(a, p, n, 0.0)},
        },
        "TripletMarginWithDistanceLoss": {
            "class": nn.TripletMarginWithDistanceLoss,
            "function": F.triplet_margin_with_distance_loss,
            "signatures": [
                "reals (N, D), reals (N, D), reals (N, D)",
                "reals (D), reals (D), reals (D)",
            ],
            "target": None,
            "chapter": "similarity.md#triplet",
            "wrong": {
                **_SWAPPED,
                "a similarity as distance": lambda a, p, n: (
                    F.triplet_margin_with_distance_loss(
                        a, p, n, distance_function=F.cosine_similarity
                    )
                ),
            },
        },
        "CosineEmbeddingLoss": {
            "class": nn.CosineEmbeddingLoss,
            "function": F.cosine_embedding_loss,
            "signatures": [
                "reals (N, D), reals (N, D), signs (N)",
                "reals (D), reals (D), signs ()",
            ],
            "target": 2,
            "chapter": "similarity.md#cosine",
            "wrong": {
                "targets 0 and 1": lambda a, b, y: (a, b, (y + 1) / 2),
                "targets 0 and 1 as bool": lambda a, b, y: (a, b, y > 0),
                "one vector against N": lambda a, b, y: (a, b[0], y),
            },
        },
        "HingeEmbeddingLoss": {
            "class": nn.HingeEmbeddingLoss,
            "function": F.hinge_embedding_loss,
            "signatures": [
                "distances (N, D), signs (N, D)",
                "distances (*), signs (*)",
            ],
            "target": 1,
            "chapter": "similarity.md#hinge-embedding",
            "wrong": {
                "targets 0 and 1": lambda x, y: (x, (y + 1) / 2),
                "similarities instead of distances": lambda x, y: (-x, y),
            },
        },
        "MarginRankingLoss": {
            "class": nn.MarginRankingLoss,
            "function": F.margin_ranking_loss,
            "signatures": [
                "reals (N), reals (N), signs (N)",
                "reals (*), reals (*), signs (*)",
            ],
            "target": 2,
            "chapter": "similarity.md#margin-ranking",
            "wrong": {
                "targets 0 and 1": lambda a, b, y: (a, b, (y + 1) / 2),
                "the two scores swapped": lambda a, b, y: (b, a, y),
                "all scores equal": lambda a, b, y: (a * 0, b * 0, y),
            },
        },
    }
