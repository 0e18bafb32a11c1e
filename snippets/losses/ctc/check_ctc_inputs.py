"""Refuse the CTC inputs that torch accepts without a word."""

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


def check_ctc_inputs(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Tensor,
    target_lengths: Tensor,
    blank: int = 0,
) -> None:
    """Raise if `F.ctc_loss` would run on these inputs and mean something else.

    What torch refuses itself is left to torch. The checks wait for the device: call
    this on the first batches and after each change of the data.

    Args:
        log_probs: `(T, N, C)`, any floating dtype.
        targets: `(N, S)` padded or `(sum of lengths,)`; integers.
        input_lengths: `(N,)`, integers, after subsampling.
        target_lengths: `(N,)`, integers.
        blank: Index of the blank.

    Raises:
        ValueError: If the exponentials of `log_probs` do not sum to 1 over the last
            dimension, `targets` is not integral, a label is the blank or no class, or
            a sample has fewer frames than its target needs.

    Source: `torch.nn.CTCLoss`, whose documentation states these conditions.

    Examples:
        >>> logits = torch.zeros(6, 1, 4)
        >>> lengths = torch.tensor([6]), torch.tensor([2])
        >>> check_ctc_inputs(logits.log_softmax(2), torch.tensor([[3, 3]]), *lengths)
        >>> check_ctc_inputs(logits.log_softmax(2), torch.tensor([[3, 0]]), *lengths)
        Traceback (most recent call last):
        ValueError: targets must not hold the blank 0, got it in sample 0
        >>> check_ctc_inputs(logits, torch.tensor([[3, 3]]), *lengths)
        Traceback (most recent call last):
        ValueError: log_probs must be log_softmax over dim 2: exp sums to 4 to 4
    """
    classes = log_probs.shape[2]
    if targets.dtype.is_floating_point or targets.dtype == torch.bool:
        raise ValueError(f"targets must be integers, got {targets.dtype}")
    total = log_probs.detach().float().logsumexp(dim=2).exp()
    slack = 1e-3 if torch.finfo(log_probs.dtype).bits > 16 else 0.1
    if not ((total - 1).abs() < slack).all():
        raise ValueError(
            "log_probs must be log_softmax over dim 2: exp sums to "
            f"{total.min():.3g} to {total.max():.3g}"
        )
    if targets.dim() == 1:
        parts = targets.split(target_lengths.tolist())
        targets = pad_sequence(parts, batch_first=True)
    position = torch.arange(targets.shape[1], device=targets.device)
    valid = position < target_lengths.to(targets.device)[:, None]
    for wrong, message in (
        (targets == blank, f"must not hold the blank {blank}, got it"),
        ((targets < 0) | (targets >= classes), f"must be in [0, {classes}), not so"),
    ):
        rows = (wrong & valid).any(dim=1).nonzero().flatten().tolist()
        if rows:
            raise ValueError(f"targets {message} in sample {rows[0]}")
    repeats = (targets[:, 1:] == targets[:, :-1]) & valid[:, 1:]
    needed = valid.sum(dim=1) + repeats.sum(dim=1)
    frames = input_lengths.to(needed.device)
    rows = (frames < needed).nonzero().flatten().tolist()
    if rows:
        raise ValueError(
            f"input_lengths must be at least {needed[rows[0]]} in sample {rows[0]} "
            f"(labels plus repeats), got {frames[rows[0]]}"
        )
