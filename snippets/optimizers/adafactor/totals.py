"""Memory of parameters, gradients and state for a billion parameters."""

import torch

from snippets.optimizers.adafactor.state import OPTIMIZERS, _bytes


def table() -> str:
    """Tabulate GB of parameters, gradients and state, 1000 matrices of 1000 x 1000.

    Examples:
        >>> rows = dict(row.split(" | ", 1) for row in table().splitlines()[2:])
        >>> rows["| Adam, AdamW"], rows["| Adafactor"]
        ('16.0 | 8.0 |', '8.0 | 4.0 |')
    """
    lines = ["| optimizer | all float32 | all bfloat16 |", "| --- | --- | --- |"]
    for name in OPTIMIZERS:
        gigabytes = [
            2 * dtype.itemsize + _bytes(name, 1000, 1000, dtype=dtype)
            for dtype in (torch.float32, torch.bfloat16)
        ]
        lines.append(f"| {name} | {gigabytes[0]:.1f} | {gigabytes[1]:.1f} |")
    return "\n".join(lines)
