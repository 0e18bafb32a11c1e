"""A convolutional network for images of 8 x 8 pixels."""

from torch import nn


def cnn(channels: int = 8) -> nn.Sequential:
    """Return two convolutions of stride 2 and a linear layer on what they leave.

    Args:
        channels: Of the first convolution; the second has twice as many.

    Raises:
        ValueError: If `channels` is less than 1.

    Source: torch.nn.Conv2d. Strides for pooling, since they cost less in a stack.

    Examples:
        >>> import torch
        >>> cnn()(torch.randn(5, 64)).shape
        torch.Size([5, 10])
        >>> sum(p.numel() for p in cnn().parameters())
        1898
    """
    if channels < 1:
        raise ValueError(f"channels must be at least 1, got {channels}")
    return nn.Sequential(
        nn.Unflatten(-1, (1, 8, 8)),
        nn.Conv2d(1, channels, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(channels, 2 * channels, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(-3),
        nn.Linear(8 * channels, 10),
    )
