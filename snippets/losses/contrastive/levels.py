"""What each similarity loss is worth when collapsed, random and perfect."""

import torch
from torch.nn import functional as F

from snippets.losses.contrastive.clip_loss import clip_loss
from snippets.losses.contrastive.nt_xent import nt_xent
from snippets.losses.contrastive.supervised_contrastive_loss import (
    supervised_contrastive_loss,
)
from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from snippets.losses.similarity.contrastive_loss import contrastive_loss
from snippets.losses.similarity.semi_hard_triplet_loss import semi_hard_triplet_loss

N, D = 64, 64
LABEL = torch.arange(N) // 8  # eight classes of eight
SAME = torch.arange(N) % 2  # every second pair
CLIP_START = torch.tensor(1 / 0.07).log()

# each with the kind of batch that it takes: labels, pairs or two views
LOSSES = {
    "batch-hard, 0.2": ("labels", batch_hard_triplet_loss),
    "semi-hard, 0.2": ("labels", semi_hard_triplet_loss),
    "pairs, 1": (
        "pairs",
        lambda a, b: contrastive_loss(a, b, SAME, similar=1),
    ),
    "cosine, 0": (
        "pairs",
        lambda a, b: F.cosine_embedding_loss(a, b, 2 * SAME - 1),
    ),
    "SupCon, 0.1": ("labels", supervised_contrastive_loss),
    "NT-Xent, 0.5": ("views", nt_xent),
    "NT-Xent, 0.1": ("views", lambda a, b: nt_xent(a, b, 0.1)),
    "CLIP, 0.07": ("views", lambda a, b: clip_loss(a, b, CLIP_START)),
}


def table() -> str:
    """Tabulate the three levels, at 64 unit vectors of 64 dimensions.

    Examples:
        >>> table().splitlines()[-3]
        '| NT-Xent, 0.5 | 4.84 | 4.88 | 2.89 |'
        >>> round(torch.tensor(2.0 * N - 1).log().item(), 2)
        4.84
    """
    generator = torch.Generator().manual_seed(0)
    first, second = F.normalize(torch.randn(2, N, D, generator=generator), dim=2)
    equal, eye = F.normalize(torch.ones(N, D), dim=1), torch.eye(N)
    dissimilar = eye.roll(1, 0)  # orthogonal to the pair's other half
    partner = torch.where(SAME[:, None] == 1, eye, dissimilar)
    cases = {
        "labels": ((equal, LABEL), (first, LABEL), (eye[LABEL], LABEL)),
        "pairs": ((equal, equal), (first, second), (eye, partner)),
        "views": ((equal, equal), (first, second), (eye, eye)),
    }
    rows = ["| loss | collapsed | random | perfect |", "| --- | ---: | ---: | ---: |"]
    for name, (kind, loss) in LOSSES.items():
        values = [f"{loss(*case).item():.2f}" for case in cases[kind]]
        rows.append(f"| {name} | {' | '.join(values)} |")
    return "\n".join(rows)
