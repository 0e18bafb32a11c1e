"""ViT fine-tuned on a new data set: SGD without any decay."""

import math

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import LambdaLR


def vit_finetuning(model: nn.Module, total_steps: int) -> tuple[SGD, LambdaLR]:
    """Build the ViT authors' fine-tuning: one lr for all, no weight decay.

    Length: 10000 steps. Batch: 512 images. Clip: norm 1.0. Confidence: A.

    Args:
        model: A pretrained vision transformer with a new head.
        total_steps: Steps until the lr is 0; theirs are 10,000 for CIFAR, 20,000 for
            ImageNet, of which 500 are warm-up.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: google-research/vision_transformer,
    commit c6de1e5378c9831a8477feb30994971bdc409e46,
    vit_jax/configs/common.py, vit_jax/train.py, vit_jax/utils.py.

    Examples:
        >>> optimizer, _ = vit_finetuning(nn.Linear(3, 2), 10_000)
        >>> optimizer.defaults["lr"], optimizer.defaults["weight_decay"]
        (0.03, 0)
    """
    if total_steps <= 500:
        raise ValueError(f"total_steps must exceed 500, got {total_steps}")
    optimizer = SGD(model.parameters(), lr=0.03, momentum=0.9)

    def schedule(step: int) -> float:
        done = (step - 500) / (total_steps - 500)
        done = min(max(done, 0), 1)
        return min(1, step / 500) * 0.5 * (1 + math.cos(math.pi * done))

    return optimizer, LambdaLR(optimizer, schedule)
