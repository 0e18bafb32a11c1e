"""Handwritten digits, split anew for each seed."""

import functools
from collections.abc import Sequence

import torch
from sklearn.datasets import load_digits
from torch import Tensor

_load = functools.cache(lambda: load_digits(return_X_y=True))


def digits(
    seeds: Sequence[int], train: int = 1000, valid: int = 300
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Return training, validation and test data of each seed.

    The pixels are centred, and divided by 16, the largest value. What training and
    validation leave of the 1797 images is the test set.

    Args:
        seeds: One for each of S splits.
        train: N, the number of training images.
        valid: The number of validation images.

    Returns:
        Three pairs `(S, N, 64)` of images, float32, and `(S, N)` of labels, int64.

    Raises:
        ValueError: If nothing would be left for the test set.

    Source: sklearn.datasets.load_digits (UCI, Alpaydin and Kaynak 1998).

    Examples:
        >>> (x, y), (_, held), (_, test) = digits(range(3))
        >>> x.shape, y.shape, held.shape, test.shape
        (torch.Size([3, 1000, 64]), torch.Size([3, 1000]), torch.Size([3, 300]), \
torch.Size([3, 497]))
        >>> bool((x[0] == x[1]).all())
        False
    """
    pixels, labels = _load()
    if train + valid >= len(labels) or min(train, valid) < 1:
        raise ValueError(
            f"train and valid must be at least 1 and leave some of {len(labels)} "
            f"images for the test set, got {train} and {valid}"
        )
    x, y = torch.tensor(pixels, dtype=torch.float32) / 16, torch.tensor(labels)
    x = x - x.mean()
    rows = torch.stack(
        [
            torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
            for seed in seeds
        ]
    )
    parts = rows.split([train, valid, len(y) - train - valid], dim=1)
    return tuple((x[part], y[part]) for part in parts)
