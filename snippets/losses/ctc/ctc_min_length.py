"""The number of frames that CTC needs for a target."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def ctc_min_length(targets: Tensor, target_lengths: Tensor) -> Tensor:
    """Labels of each target plus the blanks that its repeated labels need.

    Two equal labels in a row need a blank between them, so "aab" takes four frames.
    With fewer frames no path exists, and the loss is infinite.

    Args:
        targets: `(N, S)` padded or, one after the other, `(sum of lengths,)`; integers.
        target_lengths: `(N,)`, integers.

    Returns:
        `(N,)`, int64: compare it with the lengths after subsampling.

    Raises:
        ValueError: If `target_lengths` is not `(N,)` or does not fit `targets`.

    Source: A. Graves et al., Connectionist Temporal Classification, 2006, section 3.1;
    the note on alignability in `torch.nn.CTCLoss`.

    Examples:
        >>> targets = torch.tensor([[1, 1, 2], [3, 3, 3], [4, 5, 0], [0, 0, 0]])
        >>> ctc_min_length(targets, torch.tensor([3, 3, 2, 0]))
        tensor([4, 5, 2, 0])

        One frame less, and there is no path:

        >>> log_probs = torch.zeros(5, 1, 4).log_softmax(dim=2)
        >>> target, length = torch.tensor([[3, 3, 3]]), torch.tensor([3])
        >>> for frames in (5, 4):
        ...     lengths = torch.tensor([frames])
        ...     loss = torch.nn.CTCLoss()(log_probs, target, lengths, length)
        ...     print(loss.isfinite().item())
        True
        False
    """
    batch = tuple(target_lengths.shape)
    if targets.dim() == len(batch) == 1 and len(targets) == target_lengths.sum():
        parts = targets.split(target_lengths.tolist())
        targets = pad_sequence(parts, batch_first=True)
    if targets.dim() != 2 or batch != (len(targets),):
        raise ValueError(
            "targets must be (N, S) or (sum of lengths,) and target_lengths (N,), got "
            f"{tuple(targets.shape)} and {batch}"
        )
    if (
        batch[0]
        and not 0 <= target_lengths.min() <= target_lengths.max() <= (targets.shape[1])
    ):
        raise ValueError(
            f"target_lengths must be in [0, {targets.shape[1]}], got "
            f"{target_lengths.tolist()}"
        )
    position = torch.arange(1, max(targets.shape[1], 1), device=targets.device)
    repeated = targets[:, 1:] == targets[:, :-1]
    repeated &= position < target_lengths[:, None]
    return target_lengths.long() + repeated.sum(dim=1)
