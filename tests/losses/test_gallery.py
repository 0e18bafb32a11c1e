"""The gallery draws the losses it names, and what its texts say can be seen."""

import pytest
import torch
from torch.nn import functional as F

from snippets.losses.gallery import (
    distances,
    errors,
    landscape,
    margins,
    probabilities,
    surfaces,
)
from snippets.losses.gallery.value_and_slope import value_and_slope


@pytest.mark.parametrize("page", [errors, margins, probabilities, distances, surfaces])
def test_each_panel_has_a_name_and_lines(page):
    panels = page.figure().axes
    assert len(panels) >= 3
    assert len({panel.get_title() for panel in panels}) == len(panels)
    for panel in panels:
        assert panel.lines or panel.collections


@pytest.mark.parametrize("page", [errors, margins, probabilities, distances])
def test_the_dashed_line_is_the_derivative_of_the_solid_one(page):
    for panel in page.figure().axes:
        (x, value), (_, slope) = (line.get_data() for line in panel.lines)
        step = torch.as_tensor(value).diff() / torch.as_tensor(x).diff()
        between = (torch.as_tensor(slope)[1:] + torch.as_tensor(slope)[:-1]) / 2
        # A kink between two points, and the pole of the logarithm, are not smooth.
        error = (step - between).abs() / (1 + between.abs())
        assert (error < 0.05).sum() >= len(error) - 3, panel.get_title()


def test_four_losses_of_a_margin_are_one_function():
    margin = torch.linspace(-4, 4, 20)
    same = ["BCEWithLogitsLoss", "SoftMarginLoss", "CrossEntropyLoss, 2 classes"]
    same += ["BCELoss of a sigmoid"]
    for name in same:
        value, slope = value_and_slope(margins.LOSSES[name], margin)
        torch.testing.assert_close(value, F.softplus(-margin))
        torch.testing.assert_close(slope, -(-margin).sigmoid())


def test_multi_margin_is_half_the_hinge():
    margin = torch.linspace(-3, 3, 20)
    half, _ = value_and_slope(margins.LOSSES["MultiMarginLoss, 2 classes"], margin)
    hinge, _ = value_and_slope(margins.LOSSES["hinge"], margin)
    torch.testing.assert_close(2 * half, hinge)


def test_focal_lets_go_of_what_is_right_and_not_of_what_is_wrong():
    margin = torch.tensor([-3.0, 1.0, 2.0])
    _, focal = value_and_slope(margins.LOSSES["focal, gamma 2"], margin)
    _, ce = value_and_slope(margins.LOSSES["BCEWithLogitsLoss"], margin)
    assert abs(focal[0]) > abs(ce[0])
    assert abs(focal[2]) < abs(ce[2]) / 5


def test_one_value_a_point_is_demanded():
    with pytest.raises(ValueError, match=r"shape \(3,\), got \(\)"):
        value_and_slope(lambda x: x.sum(), torch.ones(3))


def test_the_paths_part_at_the_saddle_and_end_in_different_valleys():
    (panel,) = landscape.figure().axes
    ends = [
        torch.stack(
            [torch.as_tensor(line.get_xdata()), torch.as_tensor(line.get_ydata())]
        )
        for line in panel.lines
    ]
    for path in ends:
        # Past the saddle, then at a product of 1, where the loss is 0.
        assert path.norm(dim=0).min() < 0.15
        assert path[:, -1].prod().item() == pytest.approx(1, abs=0.01)
    assert (ends[0][:, -1] > 0).all() and (ends[1][:, -1] < 0).all()
