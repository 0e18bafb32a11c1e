"""Run many trials of a search over AdamW's settings at once, on digits."""

import functools

import torch
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

NAMES = "learning rate", "1 - beta1", "weight decay", "label smoothing"
LOW = torch.tensor([1e-4, 0.02, 1e-3, 0.01])
HIGH = torch.tensor([1.0, 0.5, 1.0, 0.3])  # all four on a log scale


@functools.cache
def _digits() -> tuple[Tensor, Tensor]:
    images, labels = load_digits(return_X_y=True)
    x = torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8)
    x = F.avg_pool2d(x, 2).flatten(1)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    return ((x - x.mean(0)) / (x.std(0) + 1))[order], torch.tensor(labels)[order]


def trials(
    units: Tensor, steps: int = 60, total: int | None = None, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Train one 16-12-10 network for each row of `units`, each with its own seed.

    Trained on 500 digits, batches of 16, a rate that falls to 0 linearly.

    Args:
        units: settings, `(n, 4)`, columns as in `NAMES`; 0 stands for `LOW`, 1 for
            `HIGH`, 0.5 for their geometric mean.
        steps: steps to take.
        total: length of the schedule, default `steps`.
        seed: of all initialisations and batches.

    Returns:
        Accuracy on 200 validation and 1097 test rows, `(n,)` each.

    Raises:
        ValueError: if `units` has not four columns.

    Source:
        Own experiment; the update is that of `torch.optim.AdamW`.

    Examples:
        >>> units = torch.tensor([[0.0, 0.5, 0.5, 0.5], [0.75, 0.5, 0.5, 0.5]])
        >>> validation, test = trials(units)  # learning rates 1e-4 and 0.1
        >>> bool(test[0] < 0.4), bool(test[1] > 0.7)
        (True, True)
    """
    if units.ndim != 2 or units.shape[1] != 4:
        raise ValueError(f"units must be (n, 4), got {tuple(units.shape)}")
    x, y = _digits()
    n, total = len(units), total or steps
    points = LOW * (HIGH / LOW) ** units
    lr, rest, decay, smoothing = points.T[..., None, None]
    generator = torch.Generator().manual_seed(seed)
    w = [
        (torch.rand(n, *s, generator=generator) * 2 - 1) * limit
        for s, limit in (((16, 12), 0.61), ((1, 12), 0.0), ((12, 10), 0.7))
    ]
    m = [torch.zeros_like(v) for v in w]
    s = [torch.zeros_like(v) for v in w]
    for t in range(1, steps + 1):
        rows = torch.randint(500, (n, 16), generator=generator)
        for v in w:
            v.requires_grad_()
        log = _network(w, x[rows]).log_softmax(2)
        picked = log.gather(2, y[rows][..., None])
        loss = (1 - smoothing) * picked + smoothing * log.mean(2, keepdim=True)
        gradients = torch.autograd.grad(-loss.mean((1, 2)).sum(), w)
        w = [v.detach() for v in w]
        rate = lr * (1 - (t - 1) / total)
        for v, a, b, g in zip(w, m, s, gradients, strict=True):
            a.lerp_(g, rest)
            b.mul_(0.999).addcmul_(g, g, value=0.001)
            v.mul_(1 - rate * decay)
            scale = (b / (1 - 0.999**t)).sqrt_().add_(1e-8)
            v.sub_(rate / (1 - (1 - rest) ** t) * a / scale)
    right = (_network(w, x[500:].expand(n, -1, -1)).argmax(2) == y[500:]).float()
    return right[:, :200].mean(1), right[:, 200:].mean(1)


def _network(w: list[Tensor], x: Tensor) -> Tensor:
    return torch.baddbmm(w[1], x, w[0]).relu() @ w[2]
