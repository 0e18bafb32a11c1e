"""What a figure draws for each step of the slider above it."""

import torch
from matplotlib.axes import Axes
from torch import Tensor


def curves(axes: Axes) -> dict[float, tuple[Tensor, Tensor]]:
    """Places and values of each step's curve, by the value that the step names."""
    found = {}
    for line in axes.lines:
        x, y = (torch.as_tensor(data).double() for data in line.get_data())
        if line.get_gid() and x.numel() > 1:
            value = float(line.get_gid().removeprefix("step "))
            assert value not in found
            found[value] = x, y
    return found


def labels(axes: Axes) -> dict[str, str]:
    """Text of each step's label in these axes, or in their legend."""
    legend = axes.get_legend()
    texts = [*axes.texts, *(legend.get_texts() if legend else [])]
    return {
        text.get_gid().removeprefix("step "): text.get_text()
        for text in texts
        if text.get_gid()
    }
