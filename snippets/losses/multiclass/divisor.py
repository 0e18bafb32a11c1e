"""What the mean of each multi-class loss divides by, measured."""

import torch
from torch.nn import functional as F


def table() -> str:
    """Divide the sum by the mean and name the count that this number is.

    Examples:
        >>> for row in table().splitlines()[3:6:2]:
        ...     print(row)
        | `weight` | 10 | weights of the targets |
        | probabilities, `weight` | 4 | N |
    """
    logits = torch.arange(12.0).sin().view(4, 3)
    target, weight = torch.tensor([2, 1, 0, 1]), torch.tensor([1.0, 2.0, 5.0])
    some = torch.tensor([2, 1, 0, -100])
    soft = F.one_hot(target, 3).float()
    image = torch.arange(72.0).sin().view(2, 3, 3, 4)
    mask = torch.arange(24).view(2, 3, 4) % 3
    ce, nll, hinge = F.cross_entropy, F.nll_loss, F.multi_margin_loss
    cases = {
        "class indices": (ce, logits, target, {}),
        "`weight`": (ce, logits, target, {"weight": weight}),
        "`weight`, one target ignored": (ce, logits, some, {"weight": weight}),
        "probabilities, `weight`": (ce, logits, soft, {"weight": weight}),
        "one target ignored": (ce, logits, some, {}),
        "`weight`, `label_smoothing`": (
            ce,
            logits,
            target,
            {"weight": weight, "label_smoothing": 0.1},
        ),
        "`(N, C, H, W)` indices": (ce, image, mask, {}),
        "`(N, C, H, W)` probabilities": (ce, image, image.softmax(1), {}),
        "NLLLoss, `weight`": (nll, logits.log_softmax(1), target, {"weight": weight}),
        "MultiMarginLoss, `weight`": (hinge, logits, target, {"weight": weight}),
    }
    rows = ["| call | divisor | that is |", "| --- | ---: | --- |"]
    for name, (loss, z, y, options) in cases.items():
        ratio = loss(z, y, reduction="sum", **options) / loss(z, y, **options)
        left = y if y.is_floating_point() else y[y >= 0]
        counts = {
            "N": len(z),
            "N H W": z.numel() / z.shape[1],
            "targets that are left": left.numel(),
            "weights of the targets": weight[left.long()].sum().item(),
        }
        what = next(k for k, n in counts.items() if abs(ratio.item() - n) < 1e-3)
        rows.append(f"| {name} | {ratio:.0f} | {what} |")
    return "\n".join(rows)
