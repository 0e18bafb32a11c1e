"""What a wrong target convention or a wrong sign costs, on pairs of digits."""

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.similarity.contrastive_loss import contrastive_loss

SEEDS, BATCH, STEPS, TRAIN, TEST = 5, 32, 60, 1000, 200


def _copied(a: Tensor, b: Tensor, target: Tensor) -> Tensor:
    distance = F.pairwise_distance(a, b)
    shortfall = (1.0 - distance).clamp(min=0)
    return ((1 - target) * distance**2 + target * shortfall**2).mean()


def _hinge(a: Tensor, b: Tensor, target: Tensor) -> Tensor:
    return F.hinge_embedding_loss(F.pairwise_distance(a, b), target)


def _triplet(a: Tensor, b: Tensor, same: Tensor, distance) -> Tensor:
    return F.triplet_margin_with_distance_loss(
        a[same], b[same], b[~same], distance_function=distance, margin=0.5
    )


def _cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    return 1 - F.cosine_similarity(a, b)


def _sign(s: Tensor) -> Tensor:
    return 2.0 * s - 1


# each takes the embeddings of pairs, and whether a pair is similar
LOSSES = {
    "`contrastive_loss(similar=1)`": lambda a, b, s: contrastive_loss(
        a, b, s, similar=1
    ),
    "↳ same targets, `similar=0`": lambda a, b, s: contrastive_loss(a, b, s, similar=0),
    "↳ copied class, targets ±1": lambda a, b, s: _copied(a, b, _sign(s)),
    "CosineEmbeddingLoss, ±1": lambda a, b, s: F.cosine_embedding_loss(a, b, _sign(s)),
    "↳ targets 1 and 0": lambda a, b, s: F.cosine_embedding_loss(a, b, 1.0 * s),
    "HingeEmbeddingLoss, ±1": lambda a, b, s: _hinge(a, b, _sign(s)),
    "↳ with targets 1 and 0": lambda a, b, s: _hinge(a, b, 1.0 * s),
    "↳ of `a - b`, not its length": lambda a, b, s: F.hinge_embedding_loss(
        a - b, _sign(s)[:, None].expand_as(a)
    ),
    "triplet, cosine distance": lambda a, b, s: _triplet(a, b, s, _cosine_distance),
    "↳ cosine similarity": lambda a, b, s: _triplet(a, b, s, F.cosine_similarity),
}


def _embed(weights: list[Tensor], x: Tensor) -> Tensor:
    return (x @ weights[0]).tanh() @ weights[1]


def _train(loss, steps: int = STEPS) -> tuple[list[float], Tensor]:
    """Give the losses, and for each seed how often a similar pair is the nearer one."""
    generator = torch.Generator().manual_seed(0)
    images, label = load_digits(return_X_y=True)
    images, label = torch.tensor(images).float() / 16, torch.tensor(label)
    # for each digit, the places of some of its training images
    digits = torch.stack([(label[:TRAIN] == c).nonzero()[:90, 0] for c in range(10)])
    # all seeds at once: the first dimension of the weights
    weights = [
        torch.randn(SEEDS, *shape, generator=generator) / shape[0] ** 0.5
        for shape in ((64, 32), (32, 8))
    ]
    optimizer = torch.optim.Adam([w.requires_grad_() for w in weights], lr=5e-3)
    values = []
    for _ in range(steps):
        digit = torch.randint(10, (SEEDS, BATCH), generator=generator)
        other = torch.randint(1, 10, (SEEDS, BATCH), generator=generator) + digit
        picks = torch.randint(90, (3, SEEDS, BATCH), generator=generator)
        rows = zip((digit, digit, other % 10), picks, strict=True)
        anchor, positive, negative = (
            _embed(weights, images[digits[c, i]]).flatten(0, 1) for c, i in rows
        )
        same = torch.arange(2 * len(anchor)) < len(anchor)
        value = loss(anchor.repeat(2, 1), torch.cat([positive, negative]), same)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        values.append(value.item())
    held_out, label = images[-TEST:], label[-TEST:]
    i, j = torch.triu_indices(TEST, TEST, 1)
    same = label[i] == label[j]
    with torch.no_grad():
        embedding = _embed(weights, held_out)
        far = torch.cdist(embedding, embedding)[:, i, j]
    near = far[:, same].sort(dim=1).values
    count = torch.searchsorted(near, far[:, ~same].contiguous())
    return values, count.double().mean(dim=1) / near.shape[1]


def table() -> str:
    """Tabulate first and last loss, and the share of similar pairs nearer."""
    rows = ["| loss | first to last | similar is nearer |", "| --- | ---: | ---: |"]
    untrained = _train(next(iter(LOSSES.values())), steps=0)[1]
    rows.append(f"| untrained | | {untrained.mean():.2f} |")
    for name, loss in LOSSES.items():
        values, nearer = _train(loss)
        rows.append(
            f"| {name} | {values[0]:.2f} to {values[-1]:.2f} "
            f"| {nearer.mean():.2f} ± {2.78 * nearer.std() / SEEDS**0.5:.2f} |"
        )
    return "\n".join(rows)
