"""The box losses against torchvision's published formula, counts and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets.losses.detection import convergence, slide
from snippets.losses.detection.ciou_loss import ciou_loss
from snippets.losses.detection.diou_loss import diou_loss
from snippets.losses.detection.giou_loss import giou_loss
from snippets.losses.detection.iou_loss import iou_loss

LOSSES = [iou_loss, giou_loss, diou_loss, ciou_loss]
TOP = {iou_loss: 1, giou_loss: 2, diou_loss: 2, ciou_loss: 3}
HALVES = [torch.bfloat16, torch.float16]

few = settings(max_examples=40, derandomize=True, deadline=None, database=None)
side = st.integers(1, 9)
place = st.integers(-9, 9)
box = st.tuples(place, place, side, side).map(
    lambda b: (b[0], b[1], b[0] + b[2], b[1] + b[3])
)


def boxes(n=64, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    corner = 2 * torch.rand(n, 2, generator=generator, dtype=dtype)
    size = 0.1 + torch.rand(n, 2, generator=generator, dtype=dtype)
    return torch.cat([corner, corner + size], 1)


def oracle(loss, a, b):
    """One pair of boxes, in Python floats, as the papers write it."""
    (ax, ay, aw, ah), (bx, by, bw, bh) = (
        ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1) for x1, y1, x2, y2 in (a, b)
    )
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    overlap = max(width, 0) * max(height, 0)
    union = aw * ah + bw * bh - overlap
    value = 1 - overlap / union
    outer = max(a[2], b[2]) - min(a[0], b[0]), max(a[3], b[3]) - min(a[1], b[1])
    if loss is giou_loss:
        hull = outer[0] * outer[1]
        value += (hull - union) / hull
    if loss in (diou_loss, ciou_loss):
        distance = (ax - bx) ** 2 + (ay - by) ** 2
        value += distance / (outer[0] ** 2 + outer[1] ** 2)
    if loss is ciou_loss:
        v = 4 / math.pi**2 * (math.atan(bw / bh) - math.atan(aw / ah)) ** 2
        value += v * v / (1 - overlap / union + v) if v else 0
    return value


def numeric(loss, a, b, step=1e-6):
    slopes = []
    for i in range(4):
        up, down = list(a), list(a)
        up[i] += step
        down[i] -= step
        slopes.append((loss(up, b) - loss(down, b)) / (2 * step))
    return slopes


# Against the oracles


@few
@given(st.lists(st.tuples(box, box), min_size=1, max_size=6))
def test_values(pairs):
    a, b = (torch.tensor(x, dtype=torch.float64) for x in zip(*pairs, strict=True))
    for loss in LOSSES:
        expected = [oracle(loss, *pair) for pair in pairs]
        ours = loss(a, b, "none")
        torch.testing.assert_close(
            ours, torch.tensor(expected, dtype=torch.float64), rtol=0, atol=1e-9
        )
        assert (ours >= -1e-12).all() and (ours <= TOP[loss]).all()
        torch.testing.assert_close(loss(b, a, "none"), ours)


@few
@given(box, box)
def test_overlap_is_counted_pixels(a, b):
    grid = torch.arange(-12, 22) + 0.5
    masks = [
        ((grid > x1) & (grid < x2))[:, None] & ((grid > y1) & (grid < y2))
        for x1, y1, x2, y2 in (a, b)
    ]
    iou = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    ours = iou_loss(torch.tensor(a).float(), torch.tensor(b))
    assert ours.item() == pytest.approx(1 - iou.item(), abs=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradients_are_numeric(loss):
    """Alpha held fixed for CIoU, as in the paper."""
    a, b = boxes(seed=1).requires_grad_(), boxes(seed=2)
    (slope,) = torch.autograd.grad(loss(a, b, "sum"), a)
    for i in range(len(a)):
        pair = a[i].tolist(), b[i].tolist()
        if loss is ciou_loss:
            v = 4 / math.pi**2 * (_angle(pair[0]) - _angle(pair[1])) ** 2
            alpha = v / (oracle(iou_loss, *pair) + v)

            def value(x, y, alpha=alpha):
                v = 4 / math.pi**2 * (_angle(x) - _angle(y)) ** 2
                return oracle(diou_loss, x, y) + alpha * v
        else:

            def value(x, y):
                return oracle(loss, x, y)

        expected = torch.tensor(numeric(value, *pair), dtype=torch.float64)
        torch.testing.assert_close(slope[i], expected, rtol=1e-5, atol=1e-6)


def _angle(box):
    return math.atan((box[2] - box[0]) / (box[3] - box[1]))


@pytest.mark.parametrize("loss", [iou_loss, giou_loss, diou_loss])
def test_gradcheck(loss):
    a, b = boxes(16, seed=3).requires_grad_(), boxes(16, seed=4)
    assert torch.autograd.gradcheck(lambda x: loss(x, b), a)


@pytest.mark.parametrize("loss", LOSSES)
def test_scale_and_place_do_not_matter(loss):
    a, b = boxes(seed=1), boxes(seed=2)
    expected = loss(a, b, "none")
    for factor in (1e-12, 1e-3, 1e6):
        torch.testing.assert_close(loss(a * factor, b * factor, "none"), expected)
    torch.testing.assert_close(loss(a + 100, b + 100, "none"), expected)
    small = loss((a * 1e-4).float(), (b * 1e-4).float(), "none")
    torch.testing.assert_close(small, expected.float(), rtol=1e-4, atol=1e-4)


# What every one of them must do


@pytest.mark.parametrize("loss", LOSSES)
def test_reductions(loss):
    a, b = boxes(12, seed=1).view(3, 4, 4), boxes(12, seed=2).view(3, 4, 4)
    each = loss(a, b, "none")
    assert each.shape == (3, 4)
    torch.testing.assert_close(loss(a, b), each.mean())
    torch.testing.assert_close(loss(a, b, "sum"), each.sum())
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(a, b, "avg")


@pytest.mark.parametrize("loss", LOSSES)
def test_refuses_other_shapes(loss):
    b = boxes(3)
    for a in (b[:1], b[0], b[:, :2], b[None]):
        with pytest.raises(ValueError, match=r"same shape \(\*, 4\), got"):
            loss(a, b)
    with pytest.raises(ValueError, match="same shape"):
        loss(b[:, :2], b[:, :2])
    with pytest.raises(ValueError, match="same shape"):
        loss(torch.zeros(()), torch.zeros(()))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "bad", [[2.0, 0, 1, 1], [0.0, 2, 1, 1], [2.0, 2, 1, 1], [0.0, 0, math.nan, 1]]
)
def test_refuses_reversed_boxes(loss, bad):
    good = torch.tensor([[0.0, 0, 1, 1], [0.0, 0, 1, 1]])
    wrong = torch.stack([good[0], torch.tensor(bad)])
    for pair in ((good, wrong), (wrong, good)):
        with pytest.raises(
            ValueError, match="prediction and target must be x1, y1, x2, y2 with"
        ):
            loss(*pair)


@pytest.mark.parametrize("loss", LOSSES)
def test_perfect_boxes_cost_nothing_and_do_not_move(loss):
    b = boxes(dtype=torch.float32)
    a = b.clone().requires_grad_()
    value = loss(a, b, "none")
    (slope,) = torch.autograd.grad(value.sum(), a)
    assert value.abs().max() < 1e-6 and slope.abs().max() < 1e-5


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("loss", LOSSES)
def test_degenerate_boxes_are_finite(loss, dtype):
    point, line = [1.0, 1, 1, 1], [1.0, 1, 1, 3]
    wide, far = [0.0, 0, 5, 1e-6], [1e4, 1e4, 2e4, 1.1e4]
    kinds = torch.tensor([point, line, wide, far, [0.0, 0, 4, 4]], dtype=dtype)
    a = kinds.repeat(5, 1).requires_grad_()
    b = kinds.repeat_interleave(5, 0)
    value = loss(a, b, "none")
    (slope,) = torch.autograd.grad(value.sum(), a)
    assert value.isfinite().all() and slope.isfinite().all()
    assert iou_loss(a, b, "none")[0] == 1  # a point on itself


@pytest.mark.parametrize("loss", LOSSES)
def test_no_boxes(loss):
    none = torch.zeros(0, 4, requires_grad=True)
    value = loss(none, none.detach())
    value.backward()
    assert value == 0 and none.grad.shape == (0, 4)


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_computed_in_float32(loss, dtype):
    a, b = ((500 * boxes(seed=seed)).to(dtype) for seed in (1, 2))
    a.requires_grad_()
    value = loss(a, b)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(a.float(), b.float()))
    value.backward()
    assert a.grad.dtype == dtype and a.grad.isfinite().all()
    large = torch.tensor([0.0, 0.0, 6e4, 6e4]).to(dtype)
    assert loss(large, large).abs() < 1e-6


def test_integer_targets():
    a, b = torch.tensor([[0.5, 0.0, 4.0, 4.0]]), torch.tensor([[0, 0, 4, 4]])
    for loss in LOSSES:
        torch.testing.assert_close(loss(a, b), loss(a, b.float()))


def test_what_pulls_without_overlap():
    a = torch.tensor([[5.0, 0, 6, 1]], requires_grad=True)
    b = torch.tensor([[0.0, 0, 1, 1]])
    slopes = {loss: torch.autograd.grad(loss(a, b), a)[0] for loss in LOSSES}
    assert (slopes[iou_loss] == 0).all()
    for loss in LOSSES[1:]:
        assert slopes[loss][0, [0, 2]].sum() > 1e-3  # towards the target


# What the figures show


def test_slide_has_its_closed_forms():
    d = torch.tensor([0.25, 0.75, 1.5, 4.0], dtype=torch.float64)
    iou = ((1 - d).clamp(min=0)) / (1 + d.clamp(max=1))
    iou = torch.where(d < 1, iou, 0.0)
    gap = (d - 1).clamp(min=0) / (1 + d)
    square = d**2 / ((1 + d) ** 2 + 1)
    expected = {"IoU": 1 - iou, "GIoU": 1 - iou + gap, "DIoU": 1 - iou + square}
    for name, loss in slide.LOSSES.items():
        value, slope = slide._slide(loss, d.float())
        torch.testing.assert_close(value, expected[name].float())
        assert (slope[2:] == 0).all() if name == "IoU" else (slope > 0).all()


def test_convergence_shown():
    paths = {n: convergence._descend(loss) for n, loss in convergence.LOSSES.items()}
    share = {n: (path > 0.5).double().mean(1) for n, path in paths.items()}
    apart = paths["IoU"][0] == 0
    assert apart.double().mean() > 0.8
    assert (paths["IoU"][:, apart] == 0).all()  # they stay where they are
    assert 0.1 < share["IoU"][-1] < 0.18
    assert 0.86 < share["GIoU"][-1] < 0.95
    assert min(share["DIoU"][-1], share["CIoU"][-1]) > 0.94
    assert share["GIoU"][40] > max(share["DIoU"][40], share["CIoU"][40]) + 0.05
    for name in ("DIoU", "CIoU"):
        late = share[name][100:] > share["GIoU"][100:]
        assert late.double().mean() > 0.8
