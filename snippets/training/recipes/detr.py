"""DETR on COCO: a tenth of the lr for the backbone, clipped at 0.1."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import StepLR


def detr(model: nn.Module) -> tuple[AdamW, StepLR]:
    """Build DETR's training; every parameter decays.

    Length: 300 epochs. Batch: 16 images. Clip: norm 0.1. Confidence: A.

    Args:
        model: With "backbone" in the names of the pretrained parameters; those with
            `requires_grad` off are left out.

    Returns:
        The optimizer, and the scheduler, to be stepped once an epoch.

    Source: facebookresearch/detr, commit 29901c51d7fe8712168b8d0d64351170bc0f83e0,
    main.py, README.md.

    Examples:
        >>> model = nn.ModuleDict(
        ...     {"backbone": nn.Linear(3, 2), "head": nn.Linear(2, 1)}
        ... )
        >>> optimizer, scheduler = detr(model)
        >>> scheduler.get_last_lr()
        [0.0001, 1e-05]
    """
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    groups = [
        {"params": [p for n, p in named if "backbone" not in n]},
        {"params": [p for n, p in named if "backbone" in n], "lr": 1e-5},
    ]
    optimizer = AdamW(groups, lr=1e-4, weight_decay=1e-4)
    return optimizer, StepLR(optimizer, step_size=200)
