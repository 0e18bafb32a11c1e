"""The dtype of the result of each operation under autocast on a CPU."""

import torch
from torch import Tensor
from torch.nn import functional as F

Y, ZEROS = torch.tensor([0, 1, 2, 3]), torch.zeros(4, 8)
SQUARE, IMAGE = torch.ones(8, 8), torch.ones(2, 2, 3, 3)
OPERATIONS = {
    "linear": lambda x: F.linear(x, SQUARE),
    "matmul": lambda x: x @ SQUARE.to(x),
    "einsum": lambda x: torch.einsum("ij,jk->ik", x, SQUARE.to(x)),
    "conv2d": lambda x: F.conv2d(x.view(1, 2, 4, 4), IMAGE.to(x)),
    "attention": lambda x: F.scaled_dot_product_attention(*3 * [x[None]]),
    "relu": F.relu,
    "gelu": F.gelu,
    "softmax": lambda x: x.softmax(1),
    "log_softmax": lambda x: x.log_softmax(1),
    "logsumexp": lambda x: x.logsumexp(1),
    "layer_norm": lambda x: F.layer_norm(x, (8,)),
    "rms_norm": lambda x: F.rms_norm(x, (8,)),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "exp": torch.exp,
    "pow": lambda x: x.pow(2),
    "sum": torch.sum,
    "mean": torch.mean,
    "cumsum": lambda x: x.cumsum(1),
    "dropout": F.dropout,
    "prod": torch.prod,
    "cross_entropy": lambda x: F.cross_entropy(x, Y),
    "nll_loss": lambda x: F.nll_loss(x, Y),
    "binary_cross_entropy": lambda x: F.binary_cross_entropy(x.sigmoid(), ZEROS.to(x)),
    "…_with_logits": lambda x: F.binary_cross_entropy_with_logits(x, ZEROS.to(x)),
    "mse_loss": lambda x: F.mse_loss(x, ZEROS.to(x)),
    "l1_loss": lambda x: F.l1_loss(x, ZEROS.to(x)),
    "huber_loss": lambda x: F.huber_loss(x, ZEROS.to(x)),
    "smooth_l1_loss": lambda x: F.smooth_l1_loss(x, ZEROS.to(x)),
    "kl_div": lambda x: F.kl_div(x, ZEROS.to(x), reduction="batchmean"),
    "triplet_margin_loss": lambda x: F.triplet_margin_loss(x, x.roll(1), x.roll(2)),
    "poisson_nll_loss": lambda x: F.poisson_nll_loss(x, ZEROS.to(x)),
    "gaussian_nll_loss": lambda x: F.gaussian_nll_loss(x, ZEROS.to(x), x.exp()),
    "(x - y).square().mean()": lambda x: (x - ZEROS.to(x)).square().mean(),
}


def _result(operation, dtype: torch.dtype) -> str:
    x: Tensor = torch.linspace(-1, 1, 32).view(4, 8).to(dtype)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return str(operation(x).dtype).removeprefix("torch.")


def table() -> str:
    """Operations by what they return from float32 and from bfloat16 inputs."""
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, operation in OPERATIONS.items():
        key = tuple(_result(operation, d) for d in (torch.float32, torch.bfloat16))
        groups.setdefault(key, []).append(f"`{name}`")
    rows = ["| operation | from float32 | from bfloat16 |", "|:--|:--|:--|"]
    rows += [f"| {', '.join(names)} | {a} | {b} |" for (a, b), names in groups.items()]
    return "\n".join(rows)
