"""Swin-T on ImageNet from scratch: AdamW, linear scaling by 512, clipped at 5."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def swin_imagenet(
    model: nn.Module, total_steps: int, batch: int
) -> tuple[AdamW, LambdaLR]:
    """Build Swin's training; vectors, biases and position tables do not decay.

    Length: 300 epochs. Batch: 1024 images. Clip: norm 5.0. Confidence: A.

    Args:
        model: A Swin transformer, for its parameter names.
        total_steps: Steps of all epochs; a fifteenth, 20 epochs, is warm-up.
        batch: Images a step, over all devices; the lr is 5e-4 for 512.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: microsoft/Swin-Transformer,
    commit f82860bfb5225915aca09c3227159ee9e1df874d,
    config.py, optimizer.py, main.py, get_started.md.

    Examples:
        >>> optimizer, _ = swin_imagenet(nn.Linear(3, 2), 1500, batch=1024)
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(1, 0.05), (1, 0.0)]
    """
    keep, decay = [], []
    for name, p in model.named_parameters():
        position = "absolute_pos_embed" in name or "relative_position_bias" in name
        still = p.ndim == 1 or name.endswith(".bias") or position
        (keep if still else decay).append(p)
    groups = [{"params": decay}, {"params": keep, "weight_decay": 0.0}]
    optimizer = AdamW(groups, lr=5e-4 * batch / 512, weight_decay=0.05)
    warm = total_steps // 15

    def schedule(step: int) -> float:
        if step < warm:
            return 1e-3 + (1 - 1e-3) * step / warm
        done = min((step - warm) / (total_steps - warm), 1)
        return 1e-2 + (1 - 1e-2) * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
