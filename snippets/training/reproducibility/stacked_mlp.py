"""Several networks, one for each seed, trained as one model."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class StackedMLP(nn.Module):
    """ReLU networks of the same shape side by side, each with its own parameters.

    Every parameter has the shape `(S, ...)`, so one batched product runs S networks
    at once. Sum the losses of the networks before `backward()`: each then gets the
    gradient that it would get alone. An optimizer that works element by element (SGD,
    Adam, RMSprop, not LBFGS or Muon) trains them independently; clipping by the norm
    of all parameters does not.

    Args:
        sizes: Width of the input, of each hidden layer and of the output.
        seeds: S, the number of networks.
        dropout: Probability of a hidden unit to be zeroed, while training.
        generator: Where the initial parameters are drawn; None is torch's own.

    Raises:
        ValueError: If there are less than two sizes, or `seeds` is below 1.

    Source: torch.nn.Linear, for the initialisation; torch.Tensor.matmul.

    Examples:
        >>> model = StackedMLP((4, 8, 3), seeds=5)
        >>> shared, own = torch.randn(7, 4), torch.randn(5, 7, 4)
        >>> model(shared).shape, model(own).shape
        (torch.Size([5, 7, 3]), torch.Size([5, 7, 3]))

        The last of them, alone:

        >>> a, b, c, d = (p[4] for p in model.parameters())
        >>> alone = (own[4] @ a + b).relu() @ c + d
        >>> torch.allclose(model(own)[4], alone, atol=1e-6)
        True
    """

    def __init__(
        self,
        sizes: Sequence[int],
        seeds: int,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if len(sizes) < 2 or seeds < 1:
            raise ValueError(
                "sizes must hold at least 2 widths and seeds be at least 1, got "
                f"{list(sizes)} and {seeds}"
            )
        self.dropout = dropout
        self.layers = nn.ParameterList()
        for wide, out in zip(sizes, sizes[1:], strict=False):
            for rows in (wide, 1):  # weight, bias
                u = torch.rand(seeds, rows, out, generator=generator)
                self.layers.append((2 * u - 1) / math.sqrt(wide))

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, in)`, the same for all, or `(S, N, in)` to `(S, N, out)`."""
        last = len(self.layers) - 2
        for i in range(0, last + 1, 2):
            x = x @ self.layers[i] + self.layers[i + 1]
            if i < last:
                x = F.dropout(x.relu(), self.dropout, self.training)
        return x
