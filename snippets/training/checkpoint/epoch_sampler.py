"""A shuffle that can begin in the middle of an epoch."""

from collections.abc import Iterator

import torch
from torch.utils.data import Sampler


class EpochSampler(Sampler[int]):
    """Order of the samples as a function of the seed, the epoch and the place in it.

    Nothing has to be saved but the step. A data loader with workers asks for indices
    ahead of the training loop, so what a sampler has handed out is not what was
    trained on; counting steps is exact.

    Args:
        size: Number of samples in the data set.
        seed: One for the run; epoch e is shuffled with a seed of its own.

    Raises:
        ValueError: If `size` is below 1, or `seek` is asked for a place outside.

    Source: torch.utils.data.Sampler, torch.utils.data.DistributedSampler.set_epoch.

    Examples:
        >>> sampler = EpochSampler(6, seed=1)
        >>> whole = list(sampler)
        >>> sorted(whole), len(sampler)
        ([0, 1, 2, 3, 4, 5], 6)
        >>> sampler.seek(epoch=0, samples=4)
        >>> list(sampler) == whole[4:], len(sampler)
        (True, 2)
        >>> sampler.seek(epoch=1)
        >>> list(sampler) == whole
        False
    """

    def __init__(self, size: int, seed: int = 0) -> None:
        if size < 1:
            raise ValueError(f"size must be at least 1, got {size}")
        self.size, self.seed = size, seed
        self.epoch = self.samples = 0

    def seek(self, epoch: int, samples: int = 0) -> None:
        """Go to `epoch`, from 0, and leave out its first `samples` samples."""
        if epoch < 0 or not 0 <= samples < self.size:
            raise ValueError(
                f"epoch must be at least 0 and samples from 0 to {self.size - 1}, "
                f"got {epoch} and {samples}"
            )
        self.epoch, self.samples = epoch, samples

    def __iter__(self) -> Iterator[int]:
        # not seed + epoch: epoch 1 of seed 0 would be epoch 0 of seed 1
        seeds = torch.Generator().manual_seed(self.seed)
        drawn = torch.randint(2**62, (self.epoch + 1,), generator=seeds)
        generator = torch.Generator().manual_seed(drawn[-1].item())
        order = torch.randperm(self.size, generator=generator)
        return iter(order[self.samples :].tolist())

    def __len__(self) -> int:
        return self.size - self.samples
