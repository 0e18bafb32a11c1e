"""An (N, 1) prediction against an (N,) target, loss by loss."""

import warnings

import torch

from snippets.losses.regression.contract import LOSSES


def table() -> str:
    """Tabulate the right value, the broadcast value and whether anybody says so.

    Examples:
        >>> for row in table().splitlines()[5:7]:
        ...     print(row)
        | SmoothL1Loss | 0.125 | 2.217 | UserWarning |
        | PoissonNLLLoss | -1.734 | 0.073 | silent |
    """
    rows = [
        "| loss | both `(8,)` | `(8, 1)` and `(8,)` | says |",
        "| --- | ---: | ---: | --- |",
    ]
    target = torch.arange(8.0)
    for name, (loss, *_) in LOSSES.items():
        prediction = target + 0.5
        if name == "PoissonNLLLoss":
            prediction = prediction.log()
        right = loss(prediction, target)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            wrong = loss(prediction[:, None], target)
        says = caught[0].category.__name__ if caught else "silent"
        rows.append(f"| {name} | {right:.3f} | {wrong:.3f} | {says} |")
    return "\n".join(rows)
