"""ResNet on ImageNet from scratch: SGD and three steps down."""

from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR


def resnet_imagenet(model: nn.Module) -> tuple[SGD, StepLR]:
    """Build torch's own ImageNet example: all parameters decay, norms and biases too.

    Length: 90 epochs. Batch: 256 images. Clip: none. Confidence: C.

    Args:
        model: A convolutional network with batch normalization; AlexNet and VGG, which
            have none, want lr 0.01, says the README.

    Returns:
        The optimizer, and the scheduler, to be stepped once an epoch.

    Source: pytorch/examples, commit 77f55b912142e11fcfdf5b530231fb9c52f181e8,
    imagenet/main.py.

    Examples:
        >>> optimizer, scheduler = resnet_imagenet(nn.Conv2d(3, 8, 3))
        >>> [(len(g["params"]), g["weight_decay"]) for g in optimizer.param_groups]
        [(2, 0.0001)]
    """
    optimizer = SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    return optimizer, StepLR(optimizer, step_size=30, gamma=0.1)
