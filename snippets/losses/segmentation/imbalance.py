"""Four losses on masks with one per cent of foreground, at two thresholds."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.segmentation.dice_loss import dice_loss

SEEDS, IMAGES, SIDE = 8, 8, 32
RINGS = (0, 1, 2, 4, 5, 8)  # squared distances in a window of 5 by 5 pixels


def _cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(z, y) * SEEDS


def _balanced(z: Tensor, y: Tensor) -> Tensor:
    weight = (1 - y).sum() / y.sum()
    return F.binary_cross_entropy_with_logits(z, y, pos_weight=weight) * SEEDS


def _dice(z: Tensor, y: Tensor) -> Tensor:
    return dice_loss(z, y, reduction="sum")


LOSSES = {
    "CE": _cross_entropy,
    "CE, balanced": _balanced,
    "Dice": _dice,
    "CE + Dice": lambda z, y: _cross_entropy(z, y) + _dice(z, y),
}


def _data() -> tuple[Tensor, Tensor]:
    # a disc of 11 pixels in each noisy image; a row of all pixels for each seed
    generator = torch.Generator().manual_seed(0)
    n = SEEDS * 2 * IMAGES
    centre = SIDE * torch.rand(2, n, 1, 1, generator=generator)
    grid = torch.arange(SIDE) + 0.5
    inside = (grid[:, None] - centre[0]) ** 2 + (grid - centre[1]) ** 2 < 1.9**2
    image = torch.randn(n, 1, SIDE, SIDE, generator=generator)
    image += 2 * inside.unsqueeze(1)
    # features: sums over rings around the pixel, each of variance 1
    near = (torch.arange(5) - 2) ** 2
    near = near[:, None] + near
    kernel = torch.stack([(near == r) / (near == r).sum().sqrt() for r in RINGS])
    x = F.conv2d(image, kernel.unsqueeze(1), padding=2)
    x = x.transpose(0, 1).reshape(len(RINGS), SEEDS, -1)
    return x, inside.float().view(SEEDS, -1)


def _scores(loss, steps: int = 100) -> Tensor:
    """Give the test Dice score at 0.5 and at the best training threshold, per seed.

    Examples:
        >>> for name, loss in LOSSES.items():
        ...     print(name, *(f"{s:.2f}" for s in _scores(loss).mean(1)))
        CE 0.79 0.79
        CE, balanced 0.56 0.77
        Dice 0.79 0.79
        CE + Dice 0.79 0.79
    """
    x, y = _data()
    half = x.shape[2] // 2
    w = torch.zeros(len(RINGS) + 1, SEEDS, 1, requires_grad=True)
    optimizer = torch.optim.Adam([w], lr=1.0)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.97)
    for _ in range(steps):
        optimizer.zero_grad()
        z = (w[1:] * x[..., :half]).sum(0) + w[0]
        loss(z, y[:, :half]).backward()
        optimizer.step()
        schedule.step()
    p = ((w[1:] * x).sum(0) + w[0]).detach().sigmoid()
    thresholds = torch.linspace(0.02, 0.98, 25)

    def score(part):
        hard = p[:, part] > thresholds[:, None, None]
        overlap = (hard * y[:, part]).sum(2)
        return 2 * overlap / (hard.sum(2) + y[:, part].sum(1))

    train, test = score(slice(half)), score(slice(half, None))
    best = train.argmax(0, keepdim=True)
    return torch.stack([test[12], test.gather(0, best)[0]])


def figure() -> Figure:
    """Draw both scores of each loss, with 95 % intervals over the seeds."""
    fig, ax = plt.subplots()
    for row, (name, loss) in enumerate(LOSSES.items()):
        scores = _scores(loss)
        # 2.36 is Student's quantile for 7 degrees of freedom
        half = 2.36 * scores.std(1) / SEEDS**0.5
        for i, (mean, error) in enumerate(zip(scores.mean(1), half, strict=True)):
            ax.errorbar(mean, -row - 0.25 * i, xerr=error, fmt="os"[i], color=f"C{i}")
        ax.text(0.2, -row - 0.12, name, va="center")
    ax.text(0.6, -0.72, "threshold 0.5", color="C0", ha="right")
    ax.text(0.84, -1.5, "chosen on\ntraining data", color="C1")
    ax.set(
        yticks=[], xlim=(0.2, 1), ylim=(-3.6, 0.4), xlabel="Dice score on new images"
    )
    ax.set_title("At 0.5 balanced CE marks far too much; plain CE does not")
    return fig
