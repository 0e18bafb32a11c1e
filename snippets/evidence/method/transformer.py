"""A decoder-only transformer that is small enough for many seeds on a laptop."""

import math

import torch
from torch import Tensor, nn


class Transformer(nn.Module):
    """Next-token logits from token indices, with causal self-attention.

    Attention is written out, since the fused kernel has no rule for `torch.vmap` on the
    CPU. Positions are learned. Biases and LayerNorms are as in GPT-2; the head is not
    tied.

    Args:
        tokens: Size of the vocabulary.
        length: Longest sequence.
        width: Size of an embedding.
        heads: Number of attention heads; divides `width`.
        layers: Number of blocks.
        post: LayerNorm after each residual sum (post-LN) and not before each part.

    Raises:
        ValueError: If `heads` does not divide `width`.

    Source: Vaswani et al. 2017, section 3; Xiong et al. 2020, figure 1, for pre-LN.

    Examples:
        >>> model = Transformer(tokens=10, length=6)
        >>> x = torch.randint(10, (4, 6))
        >>> model(x).shape
        torch.Size([4, 6, 10])

        What comes later changes nothing before:

        >>> late = x.clone()
        >>> late[:, 5] = 0
        >>> torch.allclose(model(x)[:, :5], model(late)[:, :5], atol=1e-6)
        True
    """

    def __init__(
        self,
        tokens: int,
        length: int,
        width: int = 32,
        heads: int = 2,
        layers: int = 1,
        post: bool = False,
    ) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"heads must divide width, got {heads} and {width}")
        self.embedding = nn.Embedding(tokens, width)
        self.position = nn.Parameter(0.02 * torch.randn(length, width))
        self.blocks = nn.ModuleList(_Block(width, heads, post) for _ in range(layers))
        self.norm = nn.Identity() if post else nn.LayerNorm(width)
        self.head = nn.Linear(width, tokens)
        nn.init.normal_(self.embedding.weight, std=0.02)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, x: Tensor) -> Tensor:
        """Map indices `(N, T)` to logits `(N, T, tokens)`."""
        x = self.embedding(x) + self.position[: x.shape[-1]]
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


class _Block(nn.Module):
    def __init__(self, width: int, heads: int, post: bool) -> None:
        super().__init__()
        self.heads, self.post = heads, post
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width)
        )

    def attend(self, x: Tensor) -> Tensor:
        length, size = x.shape[-2], x.shape[-1] // self.heads
        heads = self.qkv(x).unflatten(-1, (3, self.heads, size))
        q, k, v = (part.transpose(-2, -3) for part in heads.unbind(-3))
        scores = q @ k.transpose(-1, -2) / math.sqrt(size)
        later = torch.ones(length, length, dtype=torch.bool).triu(1)
        weights = scores.masked_fill(later, -torch.inf).softmax(-1)
        return self.out((weights @ v).transpose(-2, -3).flatten(-2))

    def forward(self, x: Tensor) -> Tensor:
        if self.post:
            x = self.first(x + self.attend(x))
            return self.second(x + self.mlp(x))
        x = x + self.attend(self.first(x))
        return x + self.mlp(self.second(x))
