"""Greedy (best-path) decoding of CTC outputs."""

import torch
from torch import Tensor


def greedy_decode(
    log_probs: Tensor, input_lengths: Tensor, blank: int = 0
) -> list[list[int]]:
    """Take the best class of each frame, merge repeats, then drop blanks.

    The order matters: a repeated label survives only if a blank stands between its two
    frames, so blanks may not go first. The result is the labels of the best path, which
    need not be the most probable labelling.

    Args:
        log_probs: `(T, N, C)`, as for `nn.CTCLoss`; any floating dtype. Logits give the
            same result.
        input_lengths: `(N,)`, integers: valid frames of each sample.
        blank: Index of the blank.

    Returns:
        N lists of labels, without blanks; a list may be empty.

    Raises:
        ValueError: If `log_probs` is not `(T, N, C)`, `input_lengths` is not `(N,)`,
            or `blank` is not a class.

    Source: A. Graves et al., Connectionist Temporal Classification, 2006, section 3.2.

    Examples:
        >>> path = torch.tensor([1, 1, 0, 1, 2, 2, 0])
        >>> log_probs = torch.nn.functional.one_hot(path)[:, None].float()
        >>> greedy_decode(log_probs, torch.tensor([7]))
        [[1, 1, 2]]
        >>> greedy_decode(log_probs, torch.tensor([3]))
        [[1]]
    """
    if log_probs.dim() != 3 or tuple(input_lengths.shape) != log_probs.shape[1:2]:
        raise ValueError(
            "log_probs must be (T, N, C) and input_lengths (N,), got "
            f"{tuple(log_probs.shape)} and {tuple(input_lengths.shape)}"
        )
    frames, _, classes = log_probs.shape
    if not 0 <= blank < classes:
        raise ValueError(f"blank must be in [0, {classes}), got {blank}")
    best = log_probs.argmax(dim=2).T
    keep = best != blank
    keep[:, 1:] &= best[:, 1:] != best[:, :-1]
    time = torch.arange(frames, device=best.device)
    keep &= time < input_lengths.to(best.device)[:, None]
    counts = keep.sum(dim=1).tolist()
    return [labels.tolist() for labels in best[keep].split(counts)]
