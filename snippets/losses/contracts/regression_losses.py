"""Valid arguments and common mistakes of the regression losses."""

from typing import Any

from torch import nn
from torch.nn import functional as F


def regression_losses() -> dict[str, dict[str, Any]]:
    """What to call each loss of this family with, rightly and wrongly.

    Returns:
        Of each class by its name: `"class"`, `"function"` where there is one,
        `"signatures"` (kinds and shapes of valid arguments), `"target"` (position; None
        without one), `"chapter"` and `"wrong"` (mistakes that only this loss knows, as
        functions from valid tensors to wrong ones, or to the loss of a wrong call).

    Source: `torch.nn`.

    Examples:
        >>> losses = regression_losses()
        >>> losses["MSELoss"]["signatures"][0]
        'reals (N, D), whole reals (N, D)'
    """
    return {
        "MSELoss": {
            "class": nn.MSELoss,
            "function": F.mse_loss,
            "signatures": [
                "reals (N, D), whole reals (N, D)",
                "reals (*), whole reals (*)",
            ],
            "target": 1,
            "chapter": "regression.md#mse",
            "wrong": {
                '`F.mse_loss(x, y, "sum")`': lambda x, y: F.mse_loss(x, y, "sum")
            },
        },
        "L1Loss": {
            "class": nn.L1Loss,
            "function": F.l1_loss,
            "signatures": [
                "reals (N, D), whole reals (N, D)",
                "reals (*), whole reals (*)",
            ],
            "target": 1,
            "chapter": "regression.md#l1",
            "wrong": {'`F.l1_loss(x, y, "sum")`': lambda x, y: F.l1_loss(x, y, "sum")},
        },
        "HuberLoss": {
            "class": nn.HuberLoss,
            "function": F.huber_loss,
            "signatures": [
                "reals (N, D), whole reals (N, D)",
                "reals (*), whole reals (*)",
            ],
            "target": 1,
            "chapter": "regression.md#huber",
            "wrong": {"`delta=0`": lambda x, y: F.huber_loss(x, y, delta=0)},
        },
        "SmoothL1Loss": {
            "class": nn.SmoothL1Loss,
            "function": F.smooth_l1_loss,
            "signatures": [
                "reals (N, D), whole reals (N, D)",
                "reals (*), whole reals (*)",
            ],
            "target": 1,
            "chapter": "regression.md#smooth-l1",
            "wrong": {"`beta=-1`": lambda x, y: F.smooth_l1_loss(x, y, beta=-1)},
        },
        "PoissonNLLLoss": {
            "class": nn.PoissonNLLLoss,
            "function": F.poisson_nll_loss,
            "signatures": ["reals (N, D), counts (N, D)", "reals (*), counts (*)"],
            "target": 1,
            "chapter": "regression.md#poisson-nll",
            "wrong": {
                "the rate instead of its logarithm": lambda x, y: (x.exp(), y),
                "negative rates, `log_input=False`": lambda x, y: F.poisson_nll_loss(
                    -x.exp(), y, log_input=False
                ),
                "negative counts": lambda x, y: (x, -y),
            },
        },
        "GaussianNLLLoss": {
            "class": nn.GaussianNLLLoss,
            "function": F.gaussian_nll_loss,
            "signatures": [
                "reals (N, D), whole reals (N, D), variances (N, D)",
                "reals (N, D), whole reals (N, D), variances (N, 1)",
                "reals (*), whole reals (*), variances (*)",
            ],
            "target": 1,
            "chapter": "regression.md#gaussian-nll",
            "wrong": {
                "standard deviation as `var`": lambda x, y, v: (x, y, v.sqrt()),
                "logarithm of the variance as `var`": lambda x, y, v: (x, y, v.log()),
                "`var` of zeros": lambda x, y, v: (x, y, 0 * v),
            },
        },
    }
