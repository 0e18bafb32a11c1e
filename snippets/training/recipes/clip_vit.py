"""CLIP with a vision transformer: decay 0.2, beta2 0.98."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def clip_vit(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build OpenCLIP's defaults for a ViT; its code ascribes lr, betas, eps to CLIP.

    Length: open. Batch: 64 pairs a GPU. Clip: none. Confidence: C.

    Args:
        model: An image and a text tower; vectors and scalars do not decay.
        total_steps: Steps until the lr is 0, the 10,000 of the warm-up included.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: mlfoundations/open_clip, commit 89fb801f1e6087880e951fc8354b8a2077b79c6d,
    src/open_clip_train/params.py, src/open_clip_train/optim.py,
    src/open_clip_train/scheduler.py.

    Examples:
        >>> optimizer, scheduler = clip_vit(nn.Linear(3, 2), 110_000)
        >>> [round(scheduler.lr_lambdas[0](t), 4) for t in (0, 10_000, 60_000)]
        [0.0001, 1.0, 0.5]
    """
    if total_steps <= 10_000:
        raise ValueError(f"total_steps must exceed 10000, got {total_steps}")
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.2)

    def schedule(step: int) -> float:
        if step < 10_000:
            return (step + 1) / 10_000
        done = min((step - 10_000) / (total_steps - 10_000), 1)
        return 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
