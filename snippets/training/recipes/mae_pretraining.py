"""Masked autoencoder on ImageNet: AdamW with beta2 0.95, scaled by 256."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def mae_pretraining(
    model: nn.Module, total_steps: int, batch: int
) -> tuple[AdamW, LambdaLR]:
    """Build MAE's pretraining; vectors do not decay.

    Length: 800 epochs. Batch: 4096 images. Clip: none. Confidence: A.

    Args:
        model: A masked autoencoder.
        total_steps: Steps of all epochs; a twentieth, 40 epochs, is warm-up.
        batch: Images a step, over all devices; the lr is 1.5e-4 for 256.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: facebookresearch/mae, commit efb2a8062c206524e35e47d04501ed4f544c0ae8,
    PRETRAIN.md, main_pretrain.py, util/lr_sched.py.

    Examples:
        >>> optimizer, _ = mae_pretraining(nn.Linear(3, 2), 2000, batch=4096)
        >>> round(optimizer.defaults["lr"], 6), optimizer.defaults["betas"]
        (0.0024, (0.9, 0.95))
    """
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    lr = 1.5e-4 * batch / 256
    optimizer = AdamW(groups, lr=lr, betas=(0.9, 0.95), weight_decay=0.05)
    warm = total_steps // 20

    def schedule(step: int) -> float:
        if step < warm:
            return step / warm
        done = min((step - warm) / (total_steps - warm), 1)
        return 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
