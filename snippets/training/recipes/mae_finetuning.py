"""ViT-B fine-tuned after MAE: a learning rate for each depth."""

import math
import re

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def mae_finetuning(
    model: nn.Module, total_steps: int, batch: int
) -> tuple[AdamW, LambdaLR]:
    """Build layer-wise decay of the lr by 0.65; vectors have no weight decay.

    Length: 100 epochs. Batch: 1024 images. Clip: none. Confidence: A.

    Args:
        model: With `cls_token`, `pos_embed`, `patch_embed`, `blocks`; anything else
            counts as the head, which has the whole lr.
        total_steps: Steps of all epochs; a twentieth, 5 epochs, is warm-up.
        batch: Images a step, over all devices; the head's lr is 5e-4 for 256.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: facebookresearch/mae, commit efb2a8062c206524e35e47d04501ed4f544c0ae8,
    FINETUNE.md, main_finetune.py, util/lr_decay.py.

    Examples:
        >>> body = nn.ModuleDict({"blocks": nn.ModuleList([nn.LayerNorm(2)])})
        >>> optimizer, _ = mae_finetuning(body, 100, batch=1024)
        >>> round(optimizer.param_groups[0]["initial_lr"], 7)  # 2e-3 * 0.65
        0.0013
    """
    head, lr = len(model.blocks) + 1, 5e-4 * batch / 256
    groups = {}
    for name, p in model.named_parameters():
        block = re.match(r"blocks\.(\d+)\.", name)
        first = re.match(r"cls_token|pos_embed|patch_embed", name)
        depth = int(block[1]) + 1 if block else 0 if first else head
        group = groups.setdefault((depth, p.ndim == 1), {"params": []})
        group["params"].append(p)
        group["lr"] = lr * 0.65 ** (head - depth)
        group["weight_decay"] = 0.0 if p.ndim == 1 else 0.05
    optimizer = AdamW(groups.values(), lr=lr)
    warm, floor = total_steps // 20, 1e-6 / lr

    def schedule(step: int) -> float:
        if step < warm:
            return step / warm
        done = min((step - warm) / (total_steps - warm), 1)
        return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
