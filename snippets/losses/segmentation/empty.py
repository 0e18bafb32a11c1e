"""An empty mask, under four ways to write the Dice fraction."""

import torch

from snippets.losses.segmentation.dice_loss import dice_loss

PIXELS = 64 * 64


def _naive(logits, target, below: float = 0.0, above: float = 0.0):
    p = logits.sigmoid()
    return 1 - (2 * (p * target).sum() + above) / (p.sum() + target.sum() + below)


LOSSES = {
    "no smoothing": _naive,
    "1e-6 below only": lambda z, y: _naive(z, y, below=1e-6),
    "1e-6 above only": lambda z, y: _naive(z, y, above=1e-6),
    "1e-6 in both": lambda z, y: dice_loss(z, y, smooth=1e-6),
    "1 in both": dice_loss,
}


def table() -> str:
    """Tabulate loss and pull where nothing, and where 40 pixels, are predicted.

    The pull is the gradient with respect to one of the 40 logits.

    Examples:
        >>> for row in table().splitlines()[2:4]:
        ...     print(row)
        | no smoothing | nan | 1 | 0 |
        | 1e-6 below only | 1 | 1 | 0 |
    """
    rows = [
        "| `smooth` | predicted empty | 40 false pixels | pull on one of them |",
        "| --- | ---: | ---: | ---: |",
    ]
    target = torch.zeros(1, PIXELS)
    empty = torch.full((1, PIXELS), -200.0)
    wrong = empty.clone()
    wrong[:, :40] = 0.0  # 40 pixels at probability 0.5
    for name, loss in LOSSES.items():
        wrong.requires_grad_()
        value = loss(wrong, target)
        (slope,) = torch.autograd.grad(value, wrong)
        cells = [name, *(f"{x.item():.3g}" for x in (loss(empty, target), value))]
        rows.append(f"| {' | '.join(cells)} | {slope[0, 0].item():.2g} |")
    return "\n".join(rows)
