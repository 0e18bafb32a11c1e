"""Unsegmented sequences with known labels, to try a CTC pipeline on."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence


def synthetic_sequences(
    n: int, generator: torch.Generator, labels: int = 5, noise: float = 0.4
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Draw sequences in which each label lasts for a while and then there is silence.

    Each sample has three to seven labels. A label lasts three to six frames, the
    silence after it two; a frame is a one-hot vector plus Gaussian noise. Where a label
    begins is not told: that is what CTC finds out.

    Args:
        n: Number of samples.
        generator: Source of all randomness, on the CPU.
        labels: Number of labels, which are 1 to `labels`; 0 is the blank.
        noise: Standard deviation of the noise.

    Returns:
        Features `(N, T, labels + 1)` float32, input lengths `(N,)`, targets `(N, 7)`
        padded with 0, target lengths `(N,)`.

    Source: the shapes of `torch.nn.CTCLoss`, batch first.

    Examples:
        >>> generator = torch.Generator().manual_seed(0)
        >>> x, frames, y, lengths = synthetic_sequences(2, generator, noise=0.0)
        >>> x.shape, frames, lengths
        (torch.Size([2, 46, 6]), tensor([46, 41]), tensor([7, 7]))

        Without noise, the runs of the features are the labels:

        >>> runs = x[1, : frames[1]].argmax(dim=1).unique_consecutive()
        >>> runs[runs > 0].equal(y[1, : lengths[1]])
        True
    """
    lengths = torch.randint(3, 8, (n,), generator=generator)
    targets = torch.randint(1, labels + 1, (n, 7), generator=generator)
    durations = torch.randint(3, 7, (n, 7), generator=generator)
    valid = torch.arange(7) < lengths[:, None]
    targets = targets * valid
    symbols = torch.stack([targets, torch.zeros_like(targets)], dim=2)
    repeats = torch.stack([durations, torch.full_like(durations, 2)], dim=2)
    repeats = repeats * valid[..., None]
    track = symbols.flatten().repeat_interleave(repeats.flatten())
    features = F.one_hot(track, labels + 1).float()
    features += noise * torch.randn(features.shape, generator=generator)
    frames = repeats.sum(dim=(1, 2))
    padded = pad_sequence(features.split(frames.tolist()), batch_first=True)
    return padded, frames, targets, lengths
