"""GPT-2 124M from scratch: beta2 0.95, matrices and embeddings decay."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def nanogpt(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build nanoGPT's training of GPT-2 124M; vectors do not decay.

    Length: 600000 steps. Batch: 491520 tokens. Clip: norm 1.0. Confidence: A.

    Args:
        model: A decoder.
        total_steps: Steps until the lr is a tenth; 2000 of them are warm-up.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: karpathy/nanoGPT, commit 3adf61e154c3fe3fca428ad6bc3818b27a3b8291,
    train.py, model.py, config/train_gpt2.py.

    Examples:
        >>> optimizer, scheduler = nanogpt(nn.Linear(3, 2), 600_000)
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(1, 0.1), (1, 0.0)]
        >>> [round(scheduler.lr_lambdas[0](t), 4) for t in (0, 2000, 600_000)]
        [0.0005, 1.0, 0.1]
    """
    if total_steps <= 2000:
        raise ValueError(f"total_steps must exceed 2000, got {total_steps}")
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=6e-4, betas=(0.9, 0.95), weight_decay=0.1)

    def schedule(step: int) -> float:
        if step < 2000:
            return (step + 1) / 2001
        done = min((step - 2000) / (total_steps - 2000), 1)
        return 0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
