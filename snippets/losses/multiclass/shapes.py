"""What CrossEntropyLoss makes of each pair of shapes, by calling it."""

import torch
from torch import Tensor
from torch.nn import functional as F

# what is meant, logits, target, dtype of the target, dimension of the classes
CASES = (
    ("(N, C), indices", (4, 3), (4,), "int64", 1),
    ("(C,), one sample", (3,), (), "int64", 0),
    ("(N, C, T), indices", (2, 5, 7), (2, 7), "int64", 1),
    ("(N, C, H, W), indices", (2, 3, 8, 8), (2, 8, 8), "int64", 1),
    ("(N, C, T), probabilities", (2, 5, 7), (2, 5, 7), "float32", 1),
    ("(N, T, C), indices", (2, 7, 5), (2, 7), "int64", 2),
    ("the same, T = C", (2, 5, 5), (2, 5), "int64", 2),
    ("(N, T, C), probabilities", (2, 7, 5), (2, 7, 5), "float32", 2),
    ("channels last", (2, 8, 8, 3), (2, 8, 8), "int64", 3),
    ("the same, W = C", (2, 8, 8, 8), (2, 8, 8), "int64", 3),
    ("mask with a channel", (2, 3, 8, 8), (2, 1, 8, 8), "int64", 1),
    ("column of labels", (4, 3), (4, 1), "int64", 1),
    ("one-hot integers", (4, 3), (4, 3), "int64", 1),
    ("one logit a sample", (4,), (4,), "int64", None),
    ("the same, float", (4,), (4,), "float32", None),
)


def _meant(logits: Tensor, target: Tensor, classes: int | None) -> Tensor:
    if classes is None:
        return F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    log_p = logits.log_softmax(classes)
    if target.is_floating_point():
        return -(log_p * target).sum(classes)
    return -log_p.gather(classes, target.unsqueeze(classes)).squeeze(classes)


def table() -> str:
    """Tabulate the shape that reduction="none" returns, or the error.

    Examples:
        >>> for row in table().splitlines()[7:9]:
        ...     print(row)
        | (N, T, C), indices | `(2, 7, 5)` | `(2, 7)` int64 | RuntimeError: \
Expected target size [2, 5], got [2, 7] |
        | the same, T = C | `(2, 5, 5)` | `(2, 5)` int64 | **silent and wrong**, \
`(2, 5)` |
    """
    rows = ["| meant | logits | target | unreduced loss |", "| --- | --- | --- | --- |"]
    generator = torch.Generator().manual_seed(0)
    for meant, size, target_size, dtype, classes in CASES:
        logits = torch.randn(size, generator=generator)
        target = torch.ones(target_size, dtype=getattr(torch, dtype))
        try:
            loss = F.cross_entropy(logits, target, reduction="none")
            right = _meant(logits, target, classes)
            same = loss.shape == right.shape and torch.allclose(loss, right)
            outcome = "" if same else "**silent and wrong**, "
            outcome += f"`{tuple(loss.shape)}`"
        except RuntimeError as error:
            outcome = f"RuntimeError: {error}"
        rows.append(f"| {meant} | `{size}` | `{target_size}` {dtype} | {outcome} |")
    return "\n".join(rows)
