"""Split the parameters of a model by the layout of their gradients."""

from torch import nn


def split_sparse(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Separate the tables with sparse gradients from all other parameters.

    Args:
        model: Any module.

    Returns:
        The weights of every `Embedding` and `EmbeddingBag` with `sparse=True`, and the
        rest; frozen parameters are in neither, shared ones once.

    Raises:
        ValueError: If a sparse table is also the weight of another kind of layer: the
            sum of a sparse and a dense gradient is dense.

    Source: `torch.nn.Embedding`, argument `sparse`.

    Examples:
        >>> model = nn.Sequential(nn.Embedding(9, 2, sparse=True), nn.Linear(2, 1))
        >>> tables, rest = split_sparse(model)
        >>> [tuple(p.shape) for p in tables], [tuple(p.shape) for p in rest]
        ([(9, 2)], [(1, 2), (1,)])
    """
    tables, rest = {}, {}
    for prefix, module in model.named_modules():
        embedding = isinstance(module, nn.Embedding | nn.EmbeddingBag)
        for name, p in module.named_parameters(prefix, recurse=False):
            if p.requires_grad:
                into = tables if embedding and module.sparse else rest
                into.setdefault(p, name)
    for p in tables:
        if p in rest:
            names = f"{tables[p]} and {rest[p]}"
            raise ValueError(f"a sparse table must not be tied, got {names}")
    return list(tables), list(rest)
