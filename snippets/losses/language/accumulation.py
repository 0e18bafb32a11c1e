"""Averaging the losses of micro-batches against averaging over their tokens."""

import torch
from torch import Tensor, nn

from snippets.losses.language.next_token_loss import next_token_loss

LENGTHS = torch.tensor([64, 48, 32, 24, 16, 8, 6, 4])


def _gradients(size: int) -> tuple[float, float, Tensor, Tensor]:
    """Loss and gradient of one step in micro-batches of `size` sequences, both ways."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(32, 16), nn.Linear(16, 32)).double()
    # rare tokens in the short sequences, as in answers of one word
    tokens = torch.randint(32, (8, 64)) // (LENGTHS // 8 + 1)[:, None]
    mask = torch.arange(64) < LENGTHS[:, None]
    total = mask[:, 1:].sum()
    parts = list(zip(tokens.split(size), mask.split(size), strict=True))
    means = sum(next_token_loss(model(t), t, m) for t, m in parts) / len(parts)
    exact = sum(next_token_loss(model(t), t, m, normalizer=total) for t, m in parts)
    weights = list(model.parameters())
    flat = [
        torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights)])
        for loss in (means, exact)
    ]
    return means.item(), exact.item(), *flat


def table() -> str:
    """Tabulate the loss and the error of the gradient against the full batch.

    Eight sequences of 4 to 64 tokens, sorted by length.

    Examples:
        >>> rows = [row.strip("| ").split(" | ") for row in table().splitlines()[2:]]
        >>> {row[3] for row in rows}, rows[-1][2]
        ({'0.000'}, '0.000')
        >>> float(rows[0][2]) > 0.5
        True
    """
    rows = [
        "| sequences a micro-batch | loss, mean of means | gradient error "
        "| gradient error, one token count |",
        "| ---: | ---: | ---: | ---: |",
    ]
    full = _gradients(8)[3]
    for size in (1, 2, 4, 8):
        means, _, *gradients = _gradients(size)
        errors = [(g - full).norm() / full.norm() for g in gradients]
        rows.append(f"| {size} | {means:.3f} | {errors[0]:.3f} | {errors[1]:.3f} |")
    return "\n".join(rows)
