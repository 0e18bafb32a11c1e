"""Gradient descent of single boxes from many starts, for four box losses."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.detection.ciou_loss import ciou_loss
from snippets.losses.detection.diou_loss import diou_loss
from snippets.losses.detection.giou_loss import giou_loss
from snippets.losses.detection.iou_loss import iou_loss

LOSSES = {"CIoU": ciou_loss, "DIoU": diou_loss, "GIoU": giou_loss, "IoU": iou_loss}
STEPS, STARTS = 160, 300


def _starts() -> tuple[Tensor, Tensor]:
    # centre, width, height; targets of area 1 at 0, starts within a radius of 3
    generator = torch.Generator().manual_seed(0)
    radius, turn, scale, a, b = torch.rand(5, STARTS, generator=generator)
    radius, turn = 3 * radius.sqrt(), 2 * torch.pi * turn
    scale = (2 * scale - 1).exp2()  # area from a half to 2
    a, b = (2 * a - 1).exp2(), (2 * b - 1).exp2()  # aspect ratio from 1/4 to 4
    start = [radius * turn.cos(), radius * turn.sin(), a * scale.sqrt()]
    start = torch.stack([*start, scale.sqrt() / a], 1)
    return start, torch.stack([0 * a, 0 * a, b, 1 / b], 1)


def _corners(box: Tensor) -> Tensor:
    centre, half = box[:, :2], box[:, 2:] / 2
    return torch.cat([centre - half, centre + half], 1)


def _descend(loss) -> Tensor:
    """Give the IoU of every box with its target after each step, `(STEPS + 1, STARTS)`.

    Examples:
        >>> for name, loss in LOSSES.items():
        ...     arrived = (_descend(loss) > 0.5).double().mean(1)[-1]
        ...     print(name, (arrived > 0.8).item())
        CIoU True
        DIoU True
        GIoU True
        IoU False
    """
    box, target = _starts()
    target = _corners(target)
    path = []
    for _ in range(STEPS + 1):
        box.requires_grad_()
        corners = _corners(box)
        iou = 1 - iou_loss(corners.detach(), target, "none")
        path.append(iou)
        (slope,) = torch.autograd.grad(loss(corners, target, "sum"), box)
        box = box.detach() - 0.1 * (2 - iou)[:, None] * slope
        box[:, 2:].clamp_(min=1e-3)
    return torch.stack(path)


def figure() -> Figure:
    """Draw the share of boxes with an IoU above 0.5 against the step."""
    fig, ax = plt.subplots()
    steps = range(0, STEPS + 1, 8)
    for name, loss in LOSSES.items():
        share = (_descend(loss) > 0.5).double().mean(1)[::8]
        half = 1.96 * (share * (1 - share) / STARTS).sqrt()  # 95 % interval
        ax.plot(steps, 100 * share, label=name)
        ax.fill_between(
            steps, 100 * (share - half), 100 * (share + half), alpha=0.2, lw=0
        )
    ax.legend(loc="center right")
    ax.set(xlabel="step of gradient descent", ylabel="boxes with IoU above 0.5 (%)")
    ax.set_title("With the IoU loss, boxes that start apart stay apart")
    return fig
