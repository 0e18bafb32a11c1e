"""DCGAN: Adam with beta1 0.5, one optimizer for each network."""

from torch import nn
from torch.optim import Adam


def dcgan(model: nn.Module) -> tuple[Adam, None]:
    """Build the optimizer of a generator or of a discriminator.

    Length: 25 epochs. Batch: 64 images. Clip: none. Confidence: A.

    Args:
        model: The generator, or the discriminator; call it for each. They set beta1 and
            leave beta2 at its default.

    Returns:
        The optimizer, and no scheduler.

    Source: soumith/dcgan.torch, commit 6eaac638c3df1086530905d318ac2362efefe7b4,
    main.lua.

    Examples:
        >>> optimizer, _ = dcgan(nn.Conv2d(3, 8, 4))
        >>> optimizer.defaults["lr"], optimizer.defaults["betas"]
        (0.0002, (0.5, 0.999))
    """
    return Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999)), None
