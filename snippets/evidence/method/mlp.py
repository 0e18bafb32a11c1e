"""A multi-layer perceptron of given widths."""

from collections.abc import Callable, Sequence

from torch import nn


def mlp(
    sizes: Sequence[int],
    activation: Callable[[], nn.Module] = nn.ReLU,
    norm: Callable[[int], nn.Module] | None = None,
) -> nn.Sequential:
    """Return linear layers with an activation between them, as torch initialises them.

    Args:
        sizes: Width of the input, of each hidden layer and of the output.
        activation: Makes what follows each hidden layer.
        norm: Makes what stands before each activation, from the width.

    Raises:
        ValueError: If there are less than two sizes.

    Source: torch.nn.Linear, torch.nn.Sequential.

    Examples:
        >>> [type(layer).__name__ for layer in mlp([64, 32, 10])]
        ['Linear', 'ReLU', 'Linear']
        >>> [type(layer).__name__ for layer in mlp([4, 8, 1], nn.Tanh, nn.LayerNorm)]
        ['Linear', 'LayerNorm', 'Tanh', 'Linear']
    """
    if len(sizes) < 2:
        raise ValueError(f"sizes must hold at least two widths, got {list(sizes)}")
    layers: list[nn.Module] = [nn.Linear(sizes[0], sizes[1])]
    for wide, out in zip(sizes[1:], sizes[2:], strict=False):
        layers += [norm(wide)] if norm else []
        layers += [activation(), nn.Linear(wide, out)]
    return nn.Sequential(*layers)
