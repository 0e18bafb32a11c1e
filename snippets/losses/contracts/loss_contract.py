"""What a loss accepts and divides by, found by calling it."""

import warnings
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

_DTYPES = torch.bool, torch.uint8, torch.int32, torch.int64
_DTYPES += torch.float16, torch.bfloat16, torch.float32, torch.float64


def loss_contract(
    criterion: Callable[..., Callable], tensors: Sequence[Tensor], target: int = 1
) -> dict[str, str]:
    """Target dtypes, divisors, gradient in the target, empty batch, half precision.

    Args:
        criterion: A loss class, called as `criterion(reduction=...)(*tensors)`, for
            example `torch.nn.MSELoss`; further options by `functools.partial`.
        tensors: Valid arguments, in order, whose sizes are different primes, so that a
            divisor tells its factors.
        target: Position of the target in `tensors`.

    Returns:
        `"target dtypes"`: those that hold the target and give the same loss. `"mean"`,
        and `"batchmean"` where there is one: what the sum is divided by. `"none"`: the
        shape without reduction. `"target gradient"`: `"yes"`, `"no"` or the type of the
        error. `"empty batch"`: the mean, or `"unwritten memory"`. `"float16"`,
        `"bfloat16"`: dtype of the loss when all floating-point tensors have that type.
        An error is named by its type, wherever it comes.

    Source: `torch.nn`, by execution.

    Examples:
        >>> from torch import nn
        >>> facts = loss_contract(nn.MSELoss, [torch.zeros(5, 3), torch.ones(5, 3)])
        >>> facts["mean"], facts["none"], facts["target gradient"], facts["empty batch"]
        ('15', '(5, 3)', 'yes', 'nan')
        >>> logits, classes = torch.zeros(5, 3), torch.tensor([0, 1, 2, 1, 0])
        >>> loss_contract(nn.CrossEntropyLoss, [logits, classes])["target dtypes"]
        'uint8, int64'
    """

    def attempt(new: Sequence[Tensor], reduction: str = "mean") -> Tensor | str:
        leaves = [
            t.detach().clone().requires_grad_(t.is_floating_point() and i != target)
            for i, t in enumerate(new)
        ]
        with warnings.catch_warnings(action="ignore"):
            try:
                loss = criterion(reduction=reduction)(*leaves)
                loss.sum().backward()
            except Exception as error:  # whatever a loss raises is the answer
                return type(error).__name__
        return loss.detach()

    y = tensors[target]

    def with_target(new: Tensor) -> list[Tensor]:
        return [new if i == target else t for i, t in enumerate(tensors)]

    right = attempt(tensors)
    accepted = []
    for dtype in _DTYPES:
        cast = y.to(dtype)
        loss = attempt(with_target(cast))
        holds = cast.is_floating_point() or cast.to(y.dtype).equal(y)
        if holds and not isinstance(loss, str) and loss.isclose(right.to(loss), 0.02):
            accepted.append(str(dtype)[6:])
    facts = {"target dtypes": ", ".join(accepted)}

    total = attempt(tensors, "sum")
    for reduction in ("mean", "batchmean"):
        loss = attempt(tensors, reduction)
        if not isinstance(loss, str):
            facts[reduction] = f"{total / loss:.3g}"
    facts["none"] = str(tuple(attempt(tensors, "none").shape))

    facts["target gradient"] = "no"
    if y.is_floating_point():
        leaf = y.clone().requires_grad_()
        others = [t.clone().requires_grad_(t.is_floating_point()) for t in tensors]
        with warnings.catch_warnings(action="ignore"):
            try:
                criterion(reduction="mean")(
                    *others[:target], leaf, *others[target + 1 :]
                ).backward()
                facts["target gradient"] = "no" if leaf.grad is None else "yes"
            except RuntimeError as error:
                facts["target gradient"] = type(error).__name__

    # Deterministic algorithms fill what a kernel allocates with NaN. A sum of nothing
    # is 0, so a NaN there was never written.
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        empty = [t[:0] for t in tensors]
        mean, total = attempt(empty), attempt(empty, "sum")
    finally:
        torch.use_deterministic_algorithms(before)
    if isinstance(total, str):
        facts["empty batch"] = total
    else:
        facts["empty batch"] = f"{mean:.3g}" if total == 0 else "unwritten memory"

    for dtype in (torch.float16, torch.bfloat16):
        loss = attempt([t.to(dtype) if t.is_floating_point() else t for t in tensors])
        facts[str(dtype)[6:]] = loss if isinstance(loss, str) else str(loss.dtype)[6:]
    return facts
