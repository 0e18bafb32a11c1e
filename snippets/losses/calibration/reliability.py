"""Reliability diagram of a memorising network, before and after temperature scaling."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from snippets.losses.calibration.expected_calibration_error import (
    expected_calibration_error,
)
from snippets.losses.calibration.fit_temperature import fit_temperature
from snippets.losses.calibration.measured import _train

BINS = 10


def _bins(probability: Tensor, target: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean confidence, accuracy and number of samples of each bin.

    Examples:
        >>> probability = torch.tensor([[0.9, 0.1], [0.3, 0.7], [0.1, 0.9]])
        >>> [part[6:9:2] for part in _bins(probability, torch.tensor([0, 1, 0]))]
        [tensor([0.7000, 0.9000]), tensor([1.0000, 0.5000]), tensor([1., 2.])]
    """
    confidence, predicted = probability.max(dim=1)
    edges = torch.arange(1, BINS) / BINS
    index = torch.bucketize(confidence, edges)
    count = torch.bincount(index, minlength=BINS).float()
    said = torch.bincount(index, confidence, BINS) / count
    right = torch.bincount(index, (predicted == target).float(), BINS) / count
    return said, right, count


def figure() -> Figure:
    """Draw accuracy and share of the samples against confidence."""
    (_, fit, test), (_, fit_target, target), _ = _train(100, 150, [0.0], 1, 10_000)
    logits, target = test[0, 0], target[0]
    temperature = fit_temperature(fit[0, 0], fit_target[0])
    fig, (top, bottom) = plt.subplots(
        2, sharex=True, figsize=(5.5, 5.4), height_ratios=(2, 1)
    )
    top.plot([0.25, 1], [0.25, 1], color="C5", lw=1)
    for colour, name, shift, t in (
        ("C1", "as trained", -0.012, 1.0),
        ("C0", f"temperature {temperature:.1f}", 0.012, temperature),
    ):
        probability = (logits / t).softmax(1)
        said, right, count = _bins(probability, target)
        half = 1.96 * (right * (1 - right) / count).sqrt()  # 95 % interval
        few = count < 30
        ece = expected_calibration_error(probability, target, BINS)
        style = "--" if t == 1 else "-"
        points = said[~few], right[~few], half[~few]
        top.errorbar(*points, fmt="o" + style, color=colour, markersize=4)
        x, y = (0.62, 0.3) if t == 1 else (0.27, 0.85)
        top.text(x, y, f"{name}:\nECE {ece:.2f}", color=colour)
        middle = [(i + 0.5) / BINS + shift for i in range(BINS)]
        bottom.bar(middle, (count / len(target)).tolist(), 0.024, color=colour, lw=0)
    top.set(xlim=(0.25, 1.01), ylim=(0.2, 1), ylabel="accuracy")
    bottom.set(xlabel="confidence: the largest probability", ylabel="share")
    top.set_title("A network that memorised is surer than it is right")
    return fig
