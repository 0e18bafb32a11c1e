"""Loss and pull while a box slides away from a target of its size."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.detection.diou_loss import diou_loss
from snippets.losses.detection.giou_loss import giou_loss
from snippets.losses.detection.iou_loss import iou_loss

LOSSES = {"IoU": iou_loss, "GIoU": giou_loss, "DIoU": diou_loss}


def _slide(loss, distance: Tensor) -> tuple[Tensor, Tensor]:
    """Give the loss of a unit square moved along x, and its derivative.

    Examples:
        >>> for loss in LOSSES.values():
        ...     value, slope = _slide(loss, torch.tensor([0.5, 3.0]))
        ...     print(*(f"{x:.2f}" for x in [*value, *slope]))
        0.67 1.00 0.89 0.00
        0.67 1.50 0.89 0.12
        0.74 1.53 1.13 0.10
    """
    x = distance.clone().requires_grad_()
    corner = torch.stack([x, torch.zeros_like(x)], 1)
    target = torch.tensor([0.0, 0.0, 1.0, 1.0]).expand(len(x), 4)
    value = loss(torch.cat([corner, corner + 1], 1), target, reduction="none")
    (slope,) = torch.autograd.grad(value.sum(), x)
    return value.detach(), slope


def figure() -> Figure:
    """Draw the loss and its derivative against the distance of the centres."""
    distance = torch.cat([torch.linspace(0.01, 0.99, 15), torch.linspace(1.01, 4, 20)])
    fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(5.5, 5.4))
    for name, loss in LOSSES.items():
        value, slope = _slide(loss, distance)
        top.plot(distance, value, label=name)
        bottom.plot(distance, slope)
    top.axvline(1, color="C5", ls="-", lw=1)
    bottom.axvline(1, color="C5", ls="-", lw=1)
    top.annotate("no overlap from here", (1.05, 0.1), color="C5")
    top.set(ylabel="loss", ylim=(0, 1.9))
    top.legend(loc="lower right")
    bottom.annotate("IoU: 0", (1.05, 0.04), color="C0")
    bottom.set(ylabel="derivative", xlabel="distance of the centres (box widths)")
    top.set_title("Without overlap the IoU loss is flat")
    return fig
