"""Small valid tensors for a loss, from the names and shapes of its arguments."""

import re

import torch
from torch import Tensor

_SIZES = {"N": 5, "C": 3, "D": 11, "T": 7, "S": 2, "H": 2, "W": 13, "1": 1, "*": 4}


def example_tensors(signature: str) -> list[Tensor]:
    """Tensors that satisfy a signature such as `"logits (N, C), classes (N)"`.

    Values are the same at every call. Floating-point tensors are float32, classes and
    lengths int64. The sizes are different primes, so that a product tells its factors.

    Args:
        signature: Kind and shape of each argument, in order. Kinds: `reals`,
            `whole reals`, `logits`, `probabilities` (each in [0, 1]), `distributions`
            (sum to 1 along dimension 1), `log-distributions` (along the last dimension
            for 3, else along 1), `counts`, `variances`, `distances`, `zeros and ones`,
            `signs` (-1 or 1), `classes` (0 to C - 1), `labels` (1 to C - 1; 0 is a
            blank), `label lists` (classes, then -1), `lengths T` and `lengths S`.
            Shapes in letters: N = 5, C = 3, D = 11, T = 7, S = 2, H = 2, W = 13,
            `*` = 4.

    Returns:
        One tensor for each argument.

    Raises:
        ValueError: If a kind or a letter is unknown.

    Source: the sections "Shape" in the documentation of `torch.nn`'s losses.

    Examples:
        >>> logits, classes = example_tensors("logits (N, C), classes (N)")
        >>> logits.shape, classes
        (torch.Size([5, 3]), tensor([1, 0, 2, 1, 0]))
        >>> (p,) = example_tensors("distributions (N, C)")
        >>> p.sum(dim=1).allclose(torch.ones(5))
        True
    """
    generator = torch.Generator().manual_seed(0)
    tensors = []
    for kind, letters in re.findall(r"(\w[\w -]*) \(([^)]*)\)", signature):
        names = [letter for letter in letters.split(", ") if letter]
        if unknown := set(names) - set(_SIZES):
            raise ValueError(f"letters must be of {list(_SIZES)}, got {unknown}")
        shape = [_SIZES[name] for name in names]
        real = torch.randn(shape, generator=generator)
        order = torch.arange(real.numel()).view(shape)
        made = {
            "reals": real,
            "whole reals": (order % 4).float(),
            "logits": real,
            "probabilities": real.sigmoid(),
            "distributions": real.softmax(-1 if real.dim() < 2 else 1),
            "log-distributions": real.log_softmax(1 if real.dim() in (2, 4) else -1),
            "counts": (order % 4).float(),
            "variances": real.exp(),
            "distances": real.abs(),
            "zeros and ones": (order % 2).float(),
            "signs": (order % 2 * 2 - 1).float(),
            "classes": (order * 2 + 1) % 3,
            "labels": order % 2 + 1,
            "label lists": torch.where(order % 3 < 2, order % 3, -1),
            "lengths T": torch.full(shape, _SIZES["T"]),
            "lengths S": torch.full(shape, _SIZES["S"]),
        }
        if kind not in made:
            raise ValueError(f"kind must be one of {list(made)}, got {kind!r}")
        tensors.append(made[kind])
    return tensors
