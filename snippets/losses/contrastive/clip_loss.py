"""CLIP's symmetric contrastive loss, with its learned and capped scale."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F


def clip_loss(image: Tensor, text: Tensor, log_scale: Tensor) -> Tensor:
    """Mean of finding the text of each image, and the image of each text.

    Args:
        image: Embeddings `(N, D)`, floating point; normalised here.
        text: `(N, D)`; row i belongs to row i of `image`.
        log_scale: Scalar parameter, the logarithm of 1 / temperature. Start it at
            log(1 / 0.07) = 2.659 and optimise it with the model, without weight decay.
            Used only up to log(100); beyond, its gradient is 0, so also clamp the
            parameter itself after each step.

    Returns:
        A scalar, log N if all similarities are equal. Half-precision input is computed
        and returned in float32.

    Raises:
        ValueError: If the shapes differ or are not `(N, D)`, N is 0, or `log_scale`
            has more than one element.

    Source: A. Radford et al., Learning Transferable Visual Models From Natural Language
    Supervision, 2021.

    Examples:
        It is the mean of two cross-entropies of one matrix:

        >>> image, text = torch.randn(2, 5, 3, generator=torch.manual_seed(0))
        >>> log_scale = torch.tensor(1 / 0.07).log()
        >>> logits = torch.cosine_similarity(image[:, None], text[None], dim=2) / 0.07
        >>> rows = F.cross_entropy(logits, torch.arange(5))
        >>> columns = F.cross_entropy(logits.T, torch.arange(5))
        >>> clip_loss(image, text, log_scale).allclose((rows + columns) / 2)
        True

        The scale never exceeds 100:

        >>> clip_loss(image, text, torch.tensor(9.0)) == clip_loss(
        ...     image, text, torch.tensor(100.0).log()
        ... )
        tensor(True)
    """
    if image.ndim != 2 or image.shape != text.shape or len(image) == 0:
        raise ValueError(
            "image and text must both have shape (N, D), "
            f"got {tuple(image.shape)} and {tuple(text.shape)}"
        )
    if log_scale.numel() != 1:
        raise ValueError(f"log_scale must be a scalar, got {tuple(log_scale.shape)}")
    dtype = torch.promote_types(image.dtype, torch.float32)
    image, text = (F.normalize(x.to(dtype), dim=1) for x in (image, text))
    scale = log_scale.to(dtype).clamp(max=math.log(100)).exp()
    with torch.autocast(image.device.type, enabled=False):
        logits = scale * (image @ text.T)
    target = torch.arange(len(image), device=image.device)
    return (F.cross_entropy(logits, target) + F.cross_entropy(logits.T, target)) / 2
