"""SegFormer on ADE20K: ten times the lr for the head."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def segformer(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build SegFormer B0; norms and positions do not decay, biases and the head do.

    Length: 160000 steps. Batch: 2 images a GPU. Clip: none. Confidence: A.

    Args:
        model: With "pos_block", "head" and "norm" in the parameters' names; mmcv takes
            the first of the three that fits, so the head's norms decay.
        total_steps: Steps until the lr is 0; over the first 1500 the line is multiplied
            by a warm-up from 1e-6.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: NVlabs/SegFormer, commit 65fa8cfa9b52b6ee7e8897a98705abf8570f9e32,
    local_configs/segformer/B0/segformer.b0.512x512.ade.160k.py; open-mmlab/mmcv.

    Examples:
        >>> model = nn.ModuleDict({"norm": nn.LayerNorm(2), "head": nn.Linear(2, 1)})
        >>> optimizer, _ = segformer(model, 160_000)
        >>> [(g["initial_lr"], g["weight_decay"]) for g in optimizer.param_groups]
        [(6e-05, 0.0), (0.0006, 0.01)]
    """
    options = {
        "pos_block": {"lr": 6e-5, "weight_decay": 0.0},
        "head": {"lr": 6e-4, "weight_decay": 0.01},
        "norm": {"lr": 6e-5, "weight_decay": 0.0},
        "": {"lr": 6e-5, "weight_decay": 0.01},
    }
    groups = {}
    for name, p in model.named_parameters():
        key = next(k for k in options if k in name)
        groups.setdefault(key, {"params": [], **options[key]})["params"].append(p)
    optimizer = AdamW(groups.values(), betas=(0.9, 0.999))

    def schedule(step: int) -> float:
        warm = 1e-6 + (1 - 1e-6) * min(step / 1500, 1)
        return warm * max(0.0, 1 - step / total_steps)

    return optimizer, LambdaLR(optimizer, schedule)
