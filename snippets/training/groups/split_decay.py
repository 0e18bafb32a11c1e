"""Two parameter groups, with weight decay and without, by kind of parameter."""

from collections.abc import Sequence

from torch import nn


def split_decay(
    model: nn.Module,
    weight_decay: float,
    embeddings: bool = True,
    spare: Sequence[str] = (),
) -> list[dict]:
    """Decay matrices and filters; spare biases, norms and other vectors.

    Args:
        model: Frozen parameters are left out, shared ones come once.
        weight_decay: For the first group; the second has 0.
        embeddings: Whether the tables of `nn.Embedding` and `nn.EmbeddingBag` decay.
            A table that is also an output layer counts as a table.
        spare: Parts of names that do not decay either, such as `"pos_embed"`.

    Returns:
        The two groups, with names; an empty one is left out.

    Raises:
        ValueError: If a part in `spare` is in no name, or `weight_decay` is negative.

    Source: karpathy/nanoGPT, model.py (2 or more dimensions decay); allenai/OLMo,
    olmo/optim.py (embeddings apart).

    Examples:
        >>> model = nn.Sequential(nn.Embedding(9, 4), nn.LayerNorm(4), nn.Linear(4, 9))
        >>> for group in split_decay(model, 0.1, embeddings=False):
        ...     print(group["weight_decay"], [name for name, _ in group["params"]])
        0.1 ['2.weight']
        0.0 ['0.weight', '1.weight', '1.bias', '2.bias']
    """
    if weight_decay < 0:
        raise ValueError(f"weight_decay must not be negative, got {weight_decay}")
    named = dict(model.named_parameters())
    for part in spare:
        if not any(part in name for name in named):
            raise ValueError(f"spare: no parameter's name contains {part!r}")
    kinds = (nn.Embedding, nn.EmbeddingBag)
    tables = {id(m.weight) for m in model.modules() if isinstance(m, kinds)}
    decay, rest = [], []
    for name, p in named.items():
        if not p.requires_grad:
            continue
        spared = p.ndim < 2 or any(part in name for part in spare)
        if spared or (id(p) in tables and not embeddings):
            rest.append((name, p))
        else:
            decay.append((name, p))
    groups = [
        {"params": decay, "weight_decay": weight_decay},
        {"params": rest, "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]
