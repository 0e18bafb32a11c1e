"""The binary and multi-label losses against torch, SciPy, closed forms and loops."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log1p, xlogy
from torch import nn
from torch.nn import functional as F

from snippets.losses.binary import (
    curves,
    formats,
    pos_weight_bias,
    saturation,
    saturation_curves,
)
from snippets.losses.binary.binary_loss import binary_loss
from snippets.losses.binary.hinge_loss import hinge_loss
from snippets.losses.binary.label_indices import label_indices

HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]
LOSSES = [
    binary_loss,
    hinge_loss,
    lambda z, t, **k: hinge_loss(z, t, squared=True, **k),
]

logit = st.floats(-1e3, 1e3, allow_subnormal=False)
share = st.floats(0, 1, allow_subnormal=False)
pairs = st.lists(st.tuples(logit, share), min_size=1, max_size=8)
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def columns(rows, dtype=torch.float64):
    return torch.tensor(rows, dtype=dtype).unbind(1)


# Against the oracles


@few
@given(pairs, st.floats(0.1, 20), st.floats(0, 0.9))
def test_binary_loss_is_the_weighted_likelihood(rows, weight, smoothing):
    z, y = columns(rows)
    z.requires_grad_()
    loss = binary_loss(z, y, weight, smoothing, "none")
    soft = y.numpy() * (1 - smoothing) + smoothing / 2
    # log(sigmoid(z)) as -log(1 + exp(-z)), for the sign of z that cannot overflow
    a = z.detach().numpy()
    tail = log1p(np.exp(-np.abs(a)))
    log_p, log_q = -tail + np.minimum(a, 0), -tail - np.maximum(a, 0)
    oracle = -weight * soft * log_p - (1 - soft) * log_q
    torch.testing.assert_close(loss.detach(), torch.from_numpy(oracle))
    (slope,) = torch.autograd.grad(loss.sum(), z)
    oracle = (1 - soft) * expit(a) - weight * soft * expit(-a)
    torch.testing.assert_close(slope, torch.from_numpy(oracle), rtol=1e-6, atol=1e-12)


def test_binary_loss_weighs_dimension_one():
    z = torch.randn(2, 3, 4, 3, generator=torch.Generator().manual_seed(0))
    y = (torch.arange(72).view(2, 3, 4, 3) % 5 < 2).float()
    weight = torch.tensor([1.0, 3.0, 9.0])
    loss = binary_loss(z, y, weight)
    each = [F.binary_cross_entropy_with_logits(z[:, i], y[:, i], pos_weight=weight[i])
            for i in range(3)]  # fmt: skip
    torch.testing.assert_close(loss, torch.stack(each).mean())
    flat = z[:, :, 0, 0], y[:, :, 0, 0]
    oracle = F.binary_cross_entropy_with_logits(*flat, pos_weight=weight)
    torch.testing.assert_close(binary_loss(*flat, weight), oracle)
    oracle = F.binary_cross_entropy_with_logits(z, y, pos_weight=weight[1])
    torch.testing.assert_close(binary_loss(z, y, weight[1]), oracle)


@few
@given(st.lists(st.tuples(logit, st.booleans()), min_size=1, max_size=8),
       st.floats(0.1, 5))  # fmt: skip
def test_hinge_is_the_loop(rows, margin):
    z = torch.tensor([row[0] for row in rows], dtype=torch.float64, requires_grad=True)
    t = torch.tensor([1 if row[1] else -1 for row in rows])
    for squared in (False, True):
        value, slope = [], []
        for score, sign in zip(z.tolist(), t.tolist(), strict=True):
            short = margin - sign * score
            value.append(0 if short <= 0 else short**2 if squared else short)
            slope.append(0 if short <= 0 else -sign * (2 * short if squared else 1))
        loss = hinge_loss(z, t, margin, squared, "none")
        torch.testing.assert_close(loss.detach(), torch.tensor(value, dtype=loss.dtype))
        if (margin - t * z).abs().min() > 1e-9:  # no derivative at the margin
            (got,) = torch.autograd.grad(loss.sum(), z)
            torch.testing.assert_close(got, torch.tensor(slope, dtype=got.dtype))


@few
@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1))
def test_label_indices_is_the_loop(rows):
    expected = []
    for row in rows:
        on = [i for i, value in enumerate(row) if value]
        expected.append(on + [-1] * (5 - len(on)))
    for dtype in (torch.bool, torch.int64, torch.float32):
        got = label_indices(torch.tensor(rows).to(dtype))
        assert got.dtype == torch.int64 and got.tolist() == expected
    assert label_indices(torch.tensor(rows[0])).tolist() == expected[0]


def test_label_indices_rise_in_a_wide_row():
    on = torch.arange(5000) % 3 == 0
    assert label_indices(on)[:1667].tolist() == list(range(0, 5000, 3))


def test_label_indices_feeds_the_margin_loss():
    z = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    multi_hot = torch.rand(20, 6, generator=torch.Generator().manual_seed(1)) < 0.4
    expected = []
    for scores, on in zip(z, multi_hot, strict=True):
        terms = (1 - (scores[on][:, None] - scores[~on][None, :])).clamp(min=0)
        expected.append(terms.sum() / 6)
    loss = F.multilabel_margin_loss(z, label_indices(multi_hot), reduction="none")
    torch.testing.assert_close(loss, torch.stack(expected))
    mean = F.multilabel_margin_loss(z, label_indices(multi_hot))
    torch.testing.assert_close(mean, 6 * loss.sum() / (20 * 6))


# What every one of them must do


@pytest.mark.parametrize("loss", LOSSES)
def test_reductions(loss):
    z, t = torch.randn(4, 3), torch.ones(4, 3)
    each = loss(z, t, reduction="none")
    assert each.shape == (4, 3)
    torch.testing.assert_close(loss(z, t), each.sum() / 12)
    torch.testing.assert_close(loss(z, t, reduction="sum"), each.sum())
    assert loss(z[:0], t[:0]).isnan() and loss(z[:0], t[:0], reduction="sum") == 0
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(z, t, reduction="avg")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "shapes", [((8, 1), (8,)), ((8,), (8, 1)), ((8,), ()), ((3, 1), (3, 2))]
)
def test_refuses_broadcasting(loss, shapes):
    with pytest.raises(ValueError, match="must have the same shape, got"):
        loss(torch.zeros(shapes[0]), torch.ones(shapes[1]))


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda z: binary_loss(z, z + 2), "target must be from 0 to 1, got 2.0"),
        (lambda z: binary_loss(z, z - 1), "target must be from 0 to 1, got -1.0"),
        (lambda z: binary_loss(z, z / 0), "target must be from 0 to 1, got nan"),
        (lambda z: binary_loss(z, z, label_smoothing=1.0), r"in \[0, 1\), got 1.0"),
        (lambda z: binary_loss(z, z, label_smoothing=-0.1), "got -0.1"),
        (lambda z: binary_loss(z, z, z[0, :2]), r"shape \(3,\), got \(2,\)"),
        (lambda z: binary_loss(z, z, z), r"shape \(3,\), got \(2, 3\)"),
        (lambda z: binary_loss(z[0], z[0], z[0]), r"shape \(\), got \(3,\)"),
        (lambda z: hinge_loss(z, z), "target must be -1 or 1, got 0.0"),
        (lambda z: hinge_loss(z, z / 0), "target must be -1 or 1, got nan"),
        (lambda z: hinge_loss(z, z + 1, margin=0), "margin must be .* got 0"),
        (lambda z: hinge_loss(z, z + 1, margin=math.nan), "margin must be .* got nan"),
        (lambda z: label_indices(z + 2), "multi_hot must be 0 or 1, got 2.0"),
        (lambda z: label_indices(z / 0), "multi_hot must be 0 or 1, got nan"),
        (lambda z: label_indices(z[0, 0]), r"got \(\)"),
    ],
)
def test_refuses_bad_values(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck(loss):
    z = torch.randn(12, generator=torch.Generator().manual_seed(1), dtype=torch.double)
    t = torch.tensor([1.0] * 12, dtype=torch.double)
    assert torch.autograd.gradcheck(lambda z: loss(z, t), z.requires_grad_())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(
    "loss, target",
    [(binary_loss, 0), (binary_loss, 1), (hinge_loss, -1), (hinge_loss, 1)],
)
def test_finite_at_every_logit(loss, target, dtype):
    huge = torch.finfo(dtype).max / 4
    z = torch.tensor([-huge, -300, -1e-3, 0, 1e-3, 300, huge], dtype=dtype)
    z.requires_grad_()
    value = loss(z, torch.full((7,), target), reduction="none")
    (slope,) = torch.autograd.grad(value.sum(), z)
    assert value.dtype == torch.float32 and slope.dtype == dtype
    assert value.isfinite().all() and slope.abs().max() == 1


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_computed_in_float32(loss, dtype):
    z = torch.tensor([-300.0, -3.0, 0.3, 5.0, 30.0], dtype=dtype)
    value = loss(z, torch.ones(5, dtype=dtype))
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(z.float(), torch.ones(5)))
    assert loss(z, torch.ones(5).double()).dtype == torch.float32
    assert loss(z.double(), torch.ones(5).half()).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.int64, torch.int8, torch.bool])
def test_integer_targets(dtype):
    z, y = torch.randn(6, requires_grad=True), torch.tensor([1, 0, 0, 1, 1, 0])
    loss = binary_loss(z, y.to(dtype), pos_weight=2.0, label_smoothing=0.2)
    loss.backward()
    soft = y.float() * 0.8 + 0.1
    oracle = F.binary_cross_entropy_with_logits(z, soft, pos_weight=torch.tensor(2.0))
    torch.testing.assert_close(loss, oracle)
    if dtype != torch.bool:
        torch.testing.assert_close(
            hinge_loss(z, (2 * y - 1).to(dtype)), hinge_loss(z, 2.0 * y - 1)
        )


# What the tables and figures show


def test_tables_are_rectangular():
    for module, count in (formats, 9), (saturation, 13):
        rows = module.table().splitlines()
        assert len(rows) == count and len({row.count("|") for row in rows}) == 1


def test_formats_shown():
    cells = {}
    for row in formats.table().splitlines()[2:]:
        name, *rest = (cell.strip() for cell in row.strip("|").split("|"))
        cells[name.strip("`")] = rest
    silent = [name for name, row in cells.items() if "instead of" in row[3]]
    assert silent == ["MultiLabelSoftMarginLoss"]
    refuse = [name for name, row in cells.items() if row[1] != "no error"]
    assert refuse == ["BCEWithLogitsLoss", "BCELoss"]
    whole = [name for name, row in cells.items() if row[2] == "`(4, 3)`"]
    assert len(whole) == 5 and not any("MultiLabel" in name for name in whole)
    # the broadcast loss is 4 times the right one: 4 columns, divided by C = 1
    z, y = torch.full((4, 1), 0.5), torch.ones(4)
    wrong = F.multilabel_soft_margin_loss(z, y)
    right = F.multilabel_soft_margin_loss(z, y[:, None])
    torch.testing.assert_close(wrong, 4 * right)


@pytest.mark.parametrize(
    "dtype, first", [(torch.float32, 24), (torch.bfloat16, 9), (torch.float16, 12)]
)
def test_sigmoid_rounds_to_one_where_the_resolution_ends(dtype, first):
    limit = first * math.log(2)
    z = torch.tensor([limit * 0.98, limit * 1.01], dtype=dtype)
    assert (z.sigmoid() == 1).tolist() == [False, True]
    loss, slope = (
        float(cell.split(":")[0])
        for cell in saturation._leaves(saturation._bce, dtype, 0)
    )
    # in bfloat16 the value is a tenth off just before the sigmoid is 1
    assert loss == pytest.approx(limit, rel=0.02) and slope == pytest.approx(
        limit, rel=5e-3
    )


def test_saturation_cells_against_a_scan_in_steps():
    """Recompute the float32 row of BCELoss from both sides of its limits."""
    for label, cells in (0, ("16.6: 100", "16.6: 0")), (1, ("88.8: 100", "27.7: 0")):
        assert tuple(saturation._leaves(saturation._bce, torch.float32, label)) == cells
        sign = 1 - 2 * label
        for kind, cell in zip(("value", "slope"), cells, strict=True):
            at = float(cell.split(":")[0])
            for size, off in (at - 0.15, False), (at + 0.15, True):
                z = torch.tensor(sign * size, requires_grad=True)
                loss = F.binary_cross_entropy(z.sigmoid(), torch.tensor(float(label)))
                loss.backward()
                true = F.softplus(torch.tensor(size)) if kind == "value" else 1.0
                got = loss if kind == "value" else z.grad.abs()
                assert (abs(got.item() / float(true) - 1) > 0.1) == off


def test_the_fused_forms_never_saturate():
    for name in ("BCEWithLogitsLoss", "`logsigmoid`"):
        for dtype in FLOATS:
            for label in (0, 1):
                form = saturation.FORMS[name]
                assert saturation._leaves(form, dtype, label) == ["never", "never"]
    for form in saturation.FORMS.values():  # all are one function where none saturates
        z, y = torch.linspace(-5, 5, 20), torch.arange(20.0) % 2
        got = form(z, y, reduction="none")
        torch.testing.assert_close(got, binary_loss(z, y, reduction="none"))


def test_positive_covers_the_type():
    for dtype in FLOATS:
        size = saturation._positive(dtype)
        assert size[0] == 1 / 16 and (size[1:] > size[:-1]).all()
        assert size[-1] > 0.99 * torch.finfo(dtype).max


def lines(figure, axis):
    return [line.get_xydata().T for line in figure.axes[axis].get_lines()]


def test_saturation_figure_shows_what_its_text_says():
    figure = saturation_curves.figure()
    fused, bce, eps, soft = lines(figure, 0)
    assert fused[1][-1] == 110 and bce[1][-1] == 100
    assert eps[1][-1] == pytest.approx(18.4, abs=0.03) and np.isinf(soft[1][-1])
    past = bce[0] > 16.64
    fused, bce, eps, soft = lines(figure, 1)
    assert (bce[1][past] == 0).all() and (eps[1][past] == 0).all()
    assert (bce[1][~past] > 0).all() and (fused[1][past] > 0.999).all()
    assert (np.isnan(soft[1]) == (soft[0] > 88.75)).all()


def test_pos_weight_figure_is_the_closed_form():
    for line, w in zip(
        lines(pos_weight_bias.figure(), 0), (1, 3, 10, 100), strict=False
    ):
        q = np.clip(line[0], 0, 0.999)
        np.testing.assert_allclose(line[1], w * q / (w * q + 1 - q), atol=1e-4)
    at_half = [1 / (1 + w) for w in (3, 10, 100)]
    assert [round(q, 2) for q in at_half] == [0.25, 0.09, 0.01]


def test_curves_are_the_closed_form():
    figure = curves.figure()
    for label in (0, 1):
        p, loss = lines(figure, 0)[label]
        oracle = -xlogy(label, p) - xlogy(1 - label, 1 - p)
        np.testing.assert_allclose(loss, oracle, rtol=1e-3, atol=1e-4)
        p, slope = lines(figure, 1)[label]
        np.testing.assert_allclose(slope, p - label, atol=1e-6)


# What the page says


def test_two_logits_move_twice_as_fast():
    one = torch.zeros(1, requires_grad=True)
    F.binary_cross_entropy_with_logits(one, torch.ones(1)).backward()
    two = torch.zeros(1, 2, requires_grad=True)
    F.cross_entropy(two, torch.tensor([1])).backward()
    torch.testing.assert_close(two.grad[0, 1] - two.grad[0, 0], 2 * one.grad[0])


def test_a_sigmoid_applied_twice():
    floor = [F.softplus(torch.tensor(-1.0)), torch.tensor(2.0).log()]
    assert [round(f.item(), 3) for f in floor] == [0.313, 0.693]
    z = torch.tensor([0.0, -5.0], requires_grad=True)
    once, twice = (
        torch.autograd.grad(
            F.binary_cross_entropy_with_logits(f(z), torch.ones(2), reduction="sum"), z
        )[0]
        for f in (lambda z: z, torch.sigmoid)
    )
    ratio = (once / twice).tolist()
    assert ratio[0] == pytest.approx(5.3, abs=0.1)
    assert ratio[1] == pytest.approx(300, abs=2)


def test_pos_weight_shifts_the_logit_by_its_log():
    q = torch.tensor([0.02, 0.3, 0.77], dtype=torch.double)
    for w in (0.5, 3.0, 30.0):
        z = (q.logit() + math.log(w)).requires_grad_()
        # the target q is the mean target of a group with that rate
        binary_loss(z, q, pos_weight=w).backward()
        assert z.grad.abs().max() < 1e-12
        torch.testing.assert_close(z.detach().sigmoid(), w * q / (w * q + 1 - q))
    balanced = torch.tensor(0.1).logit() + math.log(9)  # n_negative / n_positive
    assert balanced.sigmoid().item() == pytest.approx(0.5)


def test_label_smoothing_numbers():
    z = torch.tensor([2.944], dtype=torch.double, requires_grad=True)
    loss = binary_loss(z, torch.ones(1), label_smoothing=0.1)
    loss.backward()
    assert z.grad.abs() < 1e-4 and loss.item() == pytest.approx(0.1985, abs=1e-4)


def test_chance_at_one_in_ten():
    entropy = torch.distributions.Bernoulli(torch.tensor(0.1)).entropy()
    assert entropy.item() == pytest.approx(0.325, abs=5e-4)


def test_bce_loss_checks_against_nan():
    for p, y in (math.nan, 1.0), (0.5, math.nan):
        with pytest.raises(RuntimeError, match="should be between 0 and 1"):
            nn.BCELoss()(torch.tensor([p]), torch.tensor([y]))


def test_multi_label_soft_margin_under_autocast():
    z, y = torch.tensor([[0.3, 2.2]]).bfloat16(), torch.tensor([[0.0, 1.0]])
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert F.logsigmoid(z).dtype == torch.bfloat16
        half = F.multilabel_soft_margin_loss(z, y)
        fused = F.binary_cross_entropy_with_logits(z, y)
    exact = F.binary_cross_entropy_with_logits(z.float(), y)
    assert (half - exact).abs() > 1e-4 and (fused - exact).abs() < 1e-6
    with pytest.raises(TypeError, match="pos_weight"):
        nn.MultiLabelSoftMarginLoss(pos_weight=torch.ones(2))


def test_autocast_on_cuda_refuses_bce_loss():
    """The kernel that CUDA's autocast runs, called without a GPU."""
    p = torch.tensor([0.5])
    before = torch.is_autocast_enabled("cuda")
    torch.set_autocast_enabled("cuda", True)
    try:
        key = torch._C.DispatchKey.AutocastCUDA
        with torch._C._IncludeDispatchKeyGuard(key), pytest.raises(RuntimeError) as e:
            F.binary_cross_entropy(p, p)
    finally:
        torch.set_autocast_enabled("cuda", before)
    first = str(e.value).splitlines()[0]
    assert first == (
        "torch.nn.functional.binary_cross_entropy and torch.nn.BCELoss are unsafe to "
        "autocast."
    )
    assert "BCEWithLogitsLoss" in str(e.value)
