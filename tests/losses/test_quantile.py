"""The quantile losses against NumPy, torch and exact probabilities."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from torch.nn import functional as F

from snippets.losses.quantile import coverage, crossing, extreme, fan
from snippets.losses.quantile.conformal_margin import conformal_margin
from snippets.losses.quantile.multi_quantile_loss import multi_quantile_loss
from snippets.losses.quantile.non_crossing_quantiles import non_crossing_quantiles

HALVES = [torch.bfloat16, torch.float16]
LEVELS = [0.05, 0.3, 0.5, 0.95]
values = st.floats(-1e3, 1e3, allow_subnormal=False)
rows = st.lists(st.tuples(*[values] * 5), min_size=1, max_size=8)
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


# multi_quantile_loss


@few
@given(rows)
def test_it_is_the_slow_loop(rows):
    table = torch.tensor(rows, dtype=torch.float64)
    prediction, target = table[:, :4].clone().requires_grad_(), table[:, 4]
    value = multi_quantile_loss(prediction, target, LEVELS, "none")
    value.sum().backward()
    for i, row in enumerate(rows):
        for q, tau in enumerate(LEVELS):
            u = row[4] - row[q]
            oracle = tau * u if u > 0 else (tau - 1) * u
            assert value[i, q].item() == pytest.approx(oracle, rel=1e-12, abs=1e-12)
            if u:
                slope = -tau if u > 0 else 1 - tau
                assert prediction.grad[i, q].item() == pytest.approx(slope)


@few
@given(rows)
def test_sorting_never_increases_the_loss(rows):
    table = torch.tensor(rows, dtype=torch.float64)
    prediction, target = table[:, :4], table[:, 4]
    sorted_loss = multi_quantile_loss(prediction.sort(dim=1).values, target, LEVELS)
    loss = multi_quantile_loss(prediction, target, LEVELS)
    assert sorted_loss <= loss + 1e-9


def test_reductions_and_shapes():
    prediction, target = torch.randn(3, 5, 4), torch.randn(3, 5)
    each = multi_quantile_loss(prediction, target, LEVELS, "none")
    assert each.shape == (3, 5, 4)
    mean = multi_quantile_loss(prediction, target, LEVELS)
    torch.testing.assert_close(mean, each.sum() / 60)
    total = multi_quantile_loss(prediction, target, LEVELS, reduction="sum")
    torch.testing.assert_close(total, each.sum())
    flat = multi_quantile_loss(prediction.view(15, 4), target.view(15), LEVELS)
    torch.testing.assert_close(flat, mean)
    mae = F.l1_loss(prediction[..., 0], target)
    half = multi_quantile_loss(prediction[..., :1], target, [0.5])
    torch.testing.assert_close(2 * half, mae)


@pytest.mark.parametrize(
    "call, message",
    [
        (([8, 3], [8], [0.1, 0.9]), r"shape \(8, 2\) for target \(8,\) .* \(8, 3\)"),
        (([8, 1], [8, 1], [0.9]), r"shape \(8, 1, 1\) .* got \(8, 1\)"),
        (([8], [8], [0.9]), r"shape \(8, 1\) .* got \(8,\)"),
        (([3, 3], [3, 1], [0.1, 0.5, 0.9]), r"shape \(3, 1, 3\)"),
        (([8, 1], [8], [90]), r"between 0 and 1, got \[90\]"),
        (([8, 2], [8], [0.0, 0.5]), r"between 0 and 1, got \[0.0, 0.5\]"),
        (([8, 2], [8], [0.5, 1.0]), r"between 0 and 1, got \[0.5, 1.0\]"),
        (([8, 2], [8], [0.9, 0.1]), r"must increase, got \[0.9, 0.1\]"),
        (([8, 2], [8], [0.5, 0.5]), r"must increase, got \[0.5, 0.5\]"),
        (([8, 1], [8], [math.nan]), r"between 0 and 1, got \[nan\]"),
    ],
)
def test_refuses(call, message):
    prediction, target, levels = call
    with pytest.raises(ValueError, match=message):
        multi_quantile_loss(torch.zeros(prediction), torch.zeros(target), levels)


def test_refuses_a_reduction():
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        multi_quantile_loss(torch.zeros(2, 1), torch.zeros(2), [0.5], "avg")


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_extreme_errors_are_finite(dtype):
    huge = torch.finfo(dtype).max / 4
    prediction = torch.tensor([[-huge, huge], [-3.0, 300.0]], dtype=dtype)
    prediction.requires_grad_()
    target = torch.tensor([0.0, 1.0], dtype=dtype)
    value = multi_quantile_loss(prediction, target, [0.1, 0.9], "none")
    value.sum().backward()
    assert value.isfinite().all() and value.dtype == torch.float32
    assert prediction.grad.abs().max() <= 1 and prediction.grad.dtype == dtype
    exact = multi_quantile_loss(
        prediction.double(), target.double(), [0.1, 0.9], "none"
    )
    torch.testing.assert_close(value.double(), exact, rtol=1e-6, atol=1e-6)


def test_integer_targets_and_gradcheck():
    generator = torch.Generator().manual_seed(1)
    prediction = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    prediction.requires_grad_()
    target = torch.arange(6)
    loss = multi_quantile_loss(prediction, target, LEVELS)
    assert loss == multi_quantile_loss(prediction, target.double(), LEVELS)
    assert torch.autograd.gradcheck(
        lambda p: multi_quantile_loss(p, target.double() / 3, LEVELS), prediction
    )


# non_crossing_quantiles


@few
@given(rows)
def test_increments_are_softplus(rows):
    raw = np.array(rows)
    increments = np.c_[raw[:, :1], np.logaddexp(0, raw[:, 1:])]
    ours = non_crossing_quantiles(torch.from_numpy(raw))
    np.testing.assert_allclose(ours.numpy(), increments.cumsum(1), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_non_crossing_at_extreme_outputs(dtype):
    raw = torch.tensor([[-6e4, -6e4, 6e4, 0.0], [6e4, 100.0, -100.0, 6e4]], dtype=dtype)
    raw.requires_grad_()
    value = non_crossing_quantiles(raw)
    value.sum().backward()
    assert value.dtype == torch.float32 and value.isfinite().all()
    assert (value.diff(dim=1) >= 0).all()
    assert raw.grad.isfinite().all()


def test_non_crossing_gradcheck_and_refusal():
    raw = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(non_crossing_quantiles, raw)
    for shape in (), (3, 0):
        with pytest.raises(ValueError, match="raw must have shape"):
            non_crossing_quantiles(torch.zeros(shape))


# conformal_margin


@few
@given(st.lists(st.tuples(values, values, values), min_size=1, max_size=40), st.data())
def test_margin_is_the_order_statistic(triples, data):
    percent = data.draw(st.integers(1, 99))
    scores = sorted(max(low - y, y - high) for low, high, y in triples)
    n = len(scores)
    k = -((-(n + 1) * percent) // 100)  # the ceiling, in whole numbers
    oracle = scores[k - 1] if k <= n else math.inf
    columns = torch.tensor(triples, dtype=torch.float64).unbind(1)
    assert conformal_margin(*columns, coverage=percent / 100).item() == oracle


def test_margin_covers_a_fresh_point_as_promised():
    """Of n + 1 exchangeable points each is as likely to be the fresh one."""
    points = torch.randn(30, generator=torch.Generator().manual_seed(0))
    zero = torch.zeros(29)
    for percent in (50, 80, 90, 95):
        covered = 0
        for i in range(30):
            rest = torch.cat([points[:i], points[i + 1 :]])
            margin = conformal_margin(zero, zero, rest, percent / 100)
            covered += (points[i].abs() <= margin).item()
        assert covered == math.ceil(30 * percent / 100)


def test_margin_refuses():
    zero = torch.zeros(4)
    for bad in (zero[:3], zero[:, None], torch.tensor(0.0)):
        with pytest.raises(ValueError, match=r"same shape \(n,\), got"):
            conformal_margin(zero, zero, bad)
    with pytest.raises(ValueError, match="same shape"):
        conformal_margin(zero[:, None], zero[:, None], zero[:, None])
    for coverage_ in (0, 1, 90):
        with pytest.raises(ValueError, match=f"coverage must be .* got {coverage_}"):
            conformal_margin(zero, zero, zero, coverage_)


def test_margin_has_no_gradient_and_computes_halves_in_float32():
    low = torch.zeros(20, dtype=torch.float16, requires_grad=True)
    margin = conformal_margin(low, low, torch.arange(20.0).double())
    assert not margin.requires_grad
    assert margin.dtype == torch.float32 and margin == 18
    assert conformal_margin(low[:0], low[:0], torch.zeros(0)) == math.inf


# What the figures and tables show


def test_crossing_shown():
    shares = {}
    for n in (50, 200):
        measured = {
            kind: (crossed, loss) for kind, crossed, loss in crossing._measure(n)
        }
        free, sorted_, stacked = measured.values()
        assert sorted_[0].max() == 0 and stacked[0].max() == 0
        assert (sorted_[1] <= free[1]).all()
        shares[n] = free[0].mean()
        # "the intervals overlap"
        half = 2.36 * (stacked[1].std() + sorted_[1].std()) / crossing.SEEDS**0.5
        assert (stacked[1].mean() - sorted_[1].mean()).abs() < half
    assert shares[50] > 2 * shares[200] > 0


def test_the_fan_crosses_only_when_free():
    figure = fan.figure()
    for ax, order in zip(figure.axes, (False, True), strict=True):
        curves = np.stack([line.get_ydata() for line in ax.lines[1:]])
        assert len(curves) == 9
        assert (np.diff(curves, axis=0) >= 0).all() == order


def test_coverage_shown():
    found = coverage._measure()
    both, split = found["200 train"], found["100 train, 100 calibrate"]
    for one in (both, split):
        assert one["training"].mean().item() == pytest.approx(0.9, abs=0.01)
    assert split["fresh"].mean() < both["fresh"].mean() < 0.89
    assert split["corrected"].mean().item() == pytest.approx(0.9, abs=0.03)
    assert split["width"].mean() > both["width"].mean()


def test_extreme_levels_are_beta_quantiles():
    """The level of an order statistic has a Beta distribution, exactly."""
    for level, k in (0.5, 50), (0.9, 90), (0.99, 99), (0.999, 100):
        covered = extreme._covered(level, 100)
        for share in (0.05, 0.5, 0.95):
            oracle = beta.ppf(share, k, 101 - k)
            assert covered.quantile(share).item() == pytest.approx(oracle, abs=0.006)


def test_one_set_of_a_hundred_in_ten():
    """The coverage given the calibration set is that of the 91st of 100 scores."""
    low, high = beta.ppf([0.1, 0.9], 91, 10)
    assert low == pytest.approx(0.862, abs=5e-4)
    assert high == pytest.approx(0.937, abs=5e-4)


@pytest.mark.parametrize("module", [crossing, coverage, extreme])
def test_tables_are_rectangular(module):
    assert len({row.count("|") for row in module.table().splitlines()}) == 1
