"""A diffusion model on CIFAR-10: Adam, warm-up, then constant."""

from torch import nn
from torch.optim import Adam
from torch.optim.lr_scheduler import LambdaLR


def ddpm_cifar(model: nn.Module) -> tuple[Adam, LambdaLR]:
    """Build DDPM's training; what is sampled is an average of weights, decay 0.9999.

    Length: open. Batch: 128 images. Clip: norm 1.0. Confidence: A.

    Args:
        model: A U-Net that predicts the noise; for LSUN and CelebA-HQ the lr is 2e-5.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Source: hojonathanho/diffusion, commit 1e0dceb3b3495bbe19116a5e1b3596cd0706c543,
    scripts/run_cifar.py, diffusion_tf/utils.py, diffusion_tf/tpu_utils/tpu_utils.py.

    Examples:
        >>> optimizer, scheduler = ddpm_cifar(nn.Conv2d(3, 3, 3))
        >>> [scheduler.lr_lambdas[0](t) for t in (0, 2500, 5000, 800_000)]
        [0.0, 0.5, 1.0, 1.0]
    """
    optimizer = Adam(model.parameters(), lr=2e-4)
    return optimizer, LambdaLR(optimizer, lambda step: min(step / 5000, 1.0))
