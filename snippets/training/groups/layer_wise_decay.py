"""A learning rate for each depth, falling by a factor from head to input."""

from collections.abc import Sequence

from torch import nn


def layer_wise_decay(
    layers: Sequence[nn.Module], lr: float, decay: float
) -> list[dict]:
    """One group for each layer; the last has `lr`, each below `decay` times the next.

    The rate itself is set, not a factor for a scheduler, so every scheduler that
    scales the initial rate keeps the ratios.

    Args:
        layers: From input to head, together all that is to be trained. Layers without
            trainable parameters count as a depth and have no group.
        lr: Rate of the last layer.
        decay: Ratio of two neighbours, above 0 and at most 1.

    Returns:
        The groups, from input to head, with names.

    Raises:
        ValueError: If `decay` is not above 0 and at most 1, or two layers share a
            parameter.

    Source: microsoft/unilm, beit/optim_factory.py; facebookresearch/mae,
    util/lr_decay.py.

    Examples:
        >>> layers = [nn.Linear(2, 2) for _ in range(3)]
        >>> [group["lr"] for group in layer_wise_decay(layers, lr=0.1, decay=0.5)]
        [0.025, 0.05, 0.1]
    """
    if not 0 < decay <= 1:
        raise ValueError(f"decay must be above 0 and at most 1, got {decay}")
    groups, seen = [], {}
    for depth, layer in enumerate(layers):
        named = [
            (f"{depth}.{name}", p)
            for name, p in layer.named_parameters()
            if p.requires_grad
        ]
        for name, p in named:
            if id(p) in seen:
                raise ValueError(f"layers share a parameter: {seen[id(p)]}, {name}")
            seen[id(p)] = name
        if named:
            rate = lr * decay ** (len(layers) - 1 - depth)
            groups.append({"params": named, "lr": rate})
    return groups
