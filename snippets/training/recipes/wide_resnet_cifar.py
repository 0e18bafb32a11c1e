"""Wide ResNet on CIFAR from scratch: Nesterov SGD and `MultiStepLR`."""

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import MultiStepLR


def wide_resnet_cifar(model: nn.Module) -> tuple[SGD, MultiStepLR]:
    """Build the authors' training on CIFAR-10 and CIFAR-100.

    Length: 200 epochs. Batch: 128 images. Clip: none. Confidence: A.

    Args:
        model: A residual network for images of 32 by 32; every parameter decays.

    Returns:
        The optimizer, and the scheduler, to be stepped once an epoch.

    Source: szagoruyko/wide-residual-networks,
    commit ae6d0d0561484172790c7a63c8ce6ade5a5a2914,
    scripts/train_cifar.sh, train.lua. The pytorch/main.py beside it has no Nesterov.

    Examples:
        >>> optimizer, scheduler = wide_resnet_cifar(nn.Conv2d(3, 8, 3))
        >>> optimizer.defaults["nesterov"], sorted(scheduler.milestones)
        (True, [60, 120, 160])
    """
    optimizer = SGD(
        model.parameters(), lr=0.1, momentum=0.9, nesterov=True, weight_decay=5e-4
    )
    return optimizer, MultiStepLR(optimizer, [60, 120, 160], gamma=0.2)
