"""What torch's regression losses accept, and what a violation does, by running them."""

import torch
from torch import Tensor
from torch.nn import functional as F


def _gaussian(prediction: Tensor, target: Tensor, var: float = 1.0, **kwargs) -> Tensor:
    variance = torch.full_like(prediction, var)
    return F.gaussian_nll_loss(prediction, target, variance, **kwargs)


# the loss, what is out of range, and the argument that makes it so
LOSSES = {
    "MSELoss": (F.mse_loss, "", {}),
    "L1Loss": (F.l1_loss, "", {}),
    "HuberLoss": (F.huber_loss, "delta 0", {"delta": 0.0}),
    "SmoothL1Loss": (F.smooth_l1_loss, "beta -1", {"beta": -1.0}),
    "PoissonNLLLoss": (F.poisson_nll_loss, "count -1", {"target": -torch.ones(4, 3)}),
    "GaussianNLLLoss": (_gaussian, "variance -1", {"var": -1.0}),
}


def _outcome(loss, target: Tensor, /, **kwargs) -> str:
    prediction = torch.ones(4, 3, requires_grad=True)
    step = ""
    try:
        value = loss(prediction, **{"target": target} | kwargs)
        step = " in backward"
        value.backward()
    except (RuntimeError, ValueError) as error:
        return f"{type(error).__name__}{step}: {error}"
    return f"no error, {str(value.dtype).removeprefix('torch.')} loss"


def table() -> str:
    """Tabulate divisor of the mean, target dtypes and a value out of range.

    Examples:
        >>> table().splitlines()[2]
        '| MSELoss | 12 | no error, float32 loss | no error, float64 loss | |'
        >>> {row.split("|")[2] for row in table().splitlines()[2:]}
        {' 12 '}
    """
    rows = [
        "| loss | mean of `(4, 3)` divides by | int64 target | float64 target "
        "| out of range |",
        "| --- | ---: | --- | --- | --- |",
    ]
    count = torch.arange(12).view(4, 3)
    for name, (loss, bad, kwargs) in LOSSES.items():
        pair = torch.ones(4, 3), count.float()
        divisor = (loss(*pair, reduction="sum") / loss(*pair)).item()
        cells = [name, f"{divisor:.0f}"]
        cells += [_outcome(loss, count), _outcome(loss, count.double())]
        cells += [f"{bad}: {_outcome(loss, pair[1], **kwargs)}"] if bad else [""]
        rows.append(f"| {' | '.join(cells)} |".replace("  ", " "))
    return "\n".join(rows)
