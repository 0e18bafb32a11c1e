"""ViT-S/16 on ImageNet from scratch: the decay of big_vision in torch's dialect."""

import math

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def vit_s16_imagenet(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build the plain ViT-S/16; only weights of linear and convolution layers decay.

    big_vision subtracts schedule * wd * w, without the lr: its wd of 1e-4 is
    1e-4 / 1e-3 = 0.1 for `AdamW`.

    Length: 111476 steps, 90 epochs. Batch: 1024 images. Clip: norm 1.0. Confidence: A.

    Args:
        model: A vision transformer of `nn.Linear` and `nn.Conv2d` layers; the rule does
            not see the input weights inside `nn.MultiheadAttention`.
        total_steps: Steps until the lr is 0, the 10,000 of the warm-up included.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: google-research/big_vision,
    commit 0127fb6b337ee2a27bf4e54dea79cff176527356,
    big_vision/configs/vit_s16_i1k.py, big_vision/optax.py.

    Examples:
        >>> optimizer, scheduler = vit_s16_imagenet(nn.Linear(3, 2), 110_000)
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(1, 0.1), (1, 0.0)]
    """
    if total_steps <= 10_000:
        raise ValueError(f"total_steps must exceed 10000, got {total_steps}")
    kernels = [
        m.weight for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d))
    ]
    chosen = set(map(id, kernels))
    rest = [p for p in model.parameters() if id(p) not in chosen]
    groups = [{"params": kernels, "weight_decay": 1e-4 / 1e-3}, {"params": rest}]
    optimizer = AdamW(groups, lr=1e-3, weight_decay=0.0)

    def schedule(step: int) -> float:
        if step < 10_000:
            return step / 10_000
        done = (step - 10_000) / (total_steps - 10_000)
        return 0.5 * (1 + math.cos(math.pi * min(done, 1)))

    return optimizer, LambdaLR(optimizer, schedule)
