"""What the page of pairs says beyond what its blocks print and assert."""

import pytest
import torch
from torch.nn import functional as F

from snippets.losses.comparisons import bce_mse


def test_the_figure_shows_both_losses_and_their_gradients():
    top, bottom = bce_mse.figure().axes
    p = torch.linspace(0.005, 0.995, 100)
    assert len(p) == 100
    for axes, curves in (
        (top, [-(1 - p).log(), p**2]),
        (bottom, [p, 2 * p**2 * (1 - p)]),
    ):
        for line, curve in zip(axes.lines, curves, strict=True):
            torch.testing.assert_close(torch.as_tensor(line.get_xdata()), p)
            drawn = torch.as_tensor(line.get_ydata())
            torch.testing.assert_close(drawn, curve, atol=1e-4, rtol=1e-4)


def test_the_pull_of_mse_peaks_at_two_thirds():
    # The alternative text: 0.3 at two thirds, and back to 0.
    p = torch.linspace(0, 1, 3001)
    pull = 2 * p**2 * (1 - p)
    assert p[pull.argmax()].item() == pytest.approx(2 / 3, abs=1e-3)
    assert pull.max().item() == pytest.approx(0.3, abs=5e-3)


def test_mse_pulls_11_000_times_less_at_a_logit_of_10():
    z = torch.tensor(10.0, dtype=torch.float64, requires_grad=True)
    zero = torch.zeros((), dtype=torch.float64)
    (bce,) = torch.autograd.grad(F.binary_cross_entropy_with_logits(z, zero), z)
    (mse,) = torch.autograd.grad(F.mse_loss(z.sigmoid(), zero), z)
    assert (bce / mse).item() == pytest.approx(11_000, rel=0.01)


def test_label_and_weight_are_different_questions():
    # Focal's factor does not know the class, the weight not the error.
    z = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    y = torch.tensor([0, 0])
    plain = F.cross_entropy(z, y, reduction="none")
    weighted = F.cross_entropy(z, y, torch.tensor([10.0, 1.0]), reduction="none")
    torch.testing.assert_close(weighted / plain, torch.tensor([10.0, 10.0]))
    p = (-plain).exp()
    assert ((1 - p) ** 2)[0] < 0.02 and ((1 - p) ** 2)[1] > 0.7
