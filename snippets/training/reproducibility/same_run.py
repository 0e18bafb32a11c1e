"""Run the beginning of a training twice, and name what differs."""

import random
import sys
from collections.abc import Callable, Mapping

import torch
from torch import Tensor


def same_run(run: Callable[[], Mapping[str, Tensor]]) -> list[str]:
    """Call `run` twice and compare what it returns, bit by bit.

    Two steps are enough: the second starts from what the first one's optimizer wrote.
    Before each run every global generator is put at a random place; or a seed that is
    set too late would go unnoticed, as a seeded run leaves the next one a known place.

    Args:
        run: Seeds, builds, trains a few steps, and returns tensors by name: the
            `state_dict` of the model, and the loss.

    Returns:
        Names whose bits differ, in order, or that only one of the runs has. Empty when
        the runs are the same. NaN is equal to the same NaN.

    Raises:
        ValueError: If `run` returns nothing to compare.

    Source: torch.equal; torch.Tensor.view, for the bits.

    Examples:
        >>> def run():
        ...     torch.manual_seed(0)
        ...     return {"seeded": torch.rand(3), "nan": torch.tensor(float("nan"))}
        >>> same_run(run)
        []
        >>> same_run(lambda: {"unseeded": torch.rand(3), "fixed": torch.ones(3)})
        ['unseeded']
    """
    found = []
    for _ in range(2):
        random.seed()
        torch.seed()
        if numpy := sys.modules.get("numpy"):
            numpy.random.seed()
        # copies: a run may hand out tensors that the next one goes on changing
        found.append({k: v.detach().clone().contiguous() for k, v in run().items()})
    first, second = found
    if not first:
        raise ValueError("run must return at least one tensor, got none")

    def bits(value: Tensor) -> Tensor:
        return value.flatten().view(torch.uint8)

    return [
        name
        for name in first | second
        if name not in first
        or name not in second
        or first[name].dtype != second[name].dtype
        or first[name].shape != second[name].shape
        or not torch.equal(bits(first[name]), bits(second[name]))
    ]
