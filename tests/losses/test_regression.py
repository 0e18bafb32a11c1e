"""The regression losses against torch, SciPy, NumPy and closed forms in float64."""

import math
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.stats import expectile, median_abs_deviation, poisson
from torch import nn
from torch.nn import functional as F

from snippets.losses.regression import (
    contract,
    curves,
    half_precision,
    outliers,
    shapes,
    statistic,
    units,
)
from snippets.losses.regression.asymmetric_squared_error import (
    asymmetric_squared_error,
)
from snippets.losses.regression.gaussian_nll import gaussian_nll
from snippets.losses.regression.huber import huber
from snippets.losses.regression.log_cosh import log_cosh
from snippets.losses.regression.pinball import pinball
from snippets.losses.regression.robust_delta import robust_delta
from snippets.losses.regression.same_shape import SameShape
from tests import sliders


def unit_gaussian(prediction, target, **options):
    return gaussian_nll(prediction, target, torch.zeros_like(prediction), **options)


ERROR_LOSSES = [huber, log_cosh, pinball, asymmetric_squared_error]
LOSSES = [*ERROR_LOSSES, unit_gaussian]
HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]

errors = st.floats(-1e3, 1e3, allow_subnormal=False)
pairs = st.lists(st.tuples(errors, errors), min_size=1, max_size=8)
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def tensors(pairs, dtype=torch.float64):
    return torch.tensor(pairs, dtype=dtype).unbind(1)


def sample(n=401, seed=0):
    values = np.random.default_rng(seed).gamma(1.5, 2.0, n)
    return torch.from_numpy(values)


# Against the oracles


@few
@given(pairs, st.floats(1e-2, 1e3))
def test_huber_is_torchs(pairs, delta):
    prediction, target = tensors(pairs)
    ours = prediction.clone().requires_grad_()
    theirs = prediction.clone().requires_grad_()
    for reduction in ("mean", "sum", "none"):
        a = huber(ours, target, delta, reduction)
        b = F.huber_loss(theirs, target, reduction, delta)
        torch.testing.assert_close(a, b)
        torch.testing.assert_close(
            torch.autograd.grad(a.sum(), ours), torch.autograd.grad(b.sum(), theirs)
        )
    smooth = F.smooth_l1_loss(prediction, target, beta=delta)
    torch.testing.assert_close(huber(prediction, target, delta), delta * smooth)


def test_huber_limits():
    prediction, target = torch.randn(2, 50, generator=torch.manual_seed(0)).double()
    mse = F.mse_loss(prediction, target)
    torch.testing.assert_close(huber(prediction, target, 1e6), mse / 2)
    mae = F.l1_loss(prediction, target)
    torch.testing.assert_close(huber(prediction, target, 1e-9) / 1e-9, mae)


@few
@given(pairs, st.floats(0.01, 0.99))
def test_pinball_is_its_two_pieces(pairs, quantile):
    prediction, target = tensors(pairs)
    u = (target - prediction).numpy()
    oracle = np.where(u > 0, quantile * u, (quantile - 1) * u)
    torch.testing.assert_close(
        pinball(prediction, target, quantile, "none"), torch.from_numpy(oracle)
    )
    mirrored = pinball(target, prediction, 1 - quantile)
    torch.testing.assert_close(pinball(prediction, target, quantile), mirrored)


@pytest.mark.parametrize("quantile", [0.05, 0.31, 0.5, 0.9])
def test_pinball_minimiser_is_the_quantile(quantile):
    values = sample()
    best = statistic._minimiser(lambda p, t: pinball(p, t, quantile), values)
    oracle = np.quantile(values, quantile, method="inverted_cdf")
    assert best == pytest.approx(oracle, abs=1e-9)


@pytest.mark.parametrize("under,over", [(1, 1), (2, 1), (9, 1), (1, 9)])
def test_asymmetric_minimiser_is_the_expectile(under, over):
    values = sample()
    best = statistic._minimiser(
        lambda p, t: asymmetric_squared_error(p, t, under, over), values
    )
    oracle = expectile(values.numpy(), under / (under + over))
    assert best == pytest.approx(oracle, abs=1e-8)


@few
@given(pairs)
def test_log_cosh_is_logaddexp(pairs):
    prediction, target = tensors(pairs)
    e = (prediction - target).numpy()
    oracle = np.logaddexp(e, -e) - np.log(2)
    torch.testing.assert_close(
        log_cosh(prediction, target, "none"), torch.from_numpy(oracle)
    )


def test_log_cosh_written_out_overflows_at_90():
    assert torch.tensor(89.0).cosh().log().isfinite()
    assert torch.tensor(90.0).cosh().log().isinf()


@few
@given(st.lists(st.tuples(errors, errors, st.floats(-13, 13)), min_size=1))
def test_gaussian_nll_is_torchs(triples):
    prediction, target, s = tensors(triples)
    ours, theirs = s.clone().requires_grad_(), s.clone().requires_grad_()
    a = gaussian_nll(prediction, target, ours)
    b = F.gaussian_nll_loss(prediction, target, theirs.exp())
    torch.testing.assert_close(a, b)
    a.backward()
    b.backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_gaussian_nll_below_eps():
    s = torch.full((1,), -40.0, requires_grad=True)
    prediction, target = torch.ones(1), torch.zeros(1)
    loss = gaussian_nll(prediction, target, s)
    torch.testing.assert_close(loss, F.gaussian_nll_loss(prediction, target, s.exp()))
    loss.backward()
    assert s.grad.item() == pytest.approx((1 - 1 / 1e-6) / 2, rel=1e-4)
    wide = gaussian_nll(prediction, target, s, eps=0.25)
    assert wide.item() == pytest.approx((math.log(0.25) + 4) / 2)


@few
@given(st.lists(st.tuples(st.floats(-20, 10), st.integers(0, 1000)), min_size=1))
def test_poisson_loss_lacks_the_log_factorial(pairs):
    log_rate, count = tensors(pairs)
    oracle = -poisson.logpmf(count.numpy(), log_rate.exp().numpy())
    loss = F.poisson_nll_loss(log_rate, count, reduction="none") + torch.lgamma(
        count + 1
    )
    torch.testing.assert_close(loss, torch.from_numpy(oracle), rtol=1e-6, atol=1e-6)


def test_robust_delta_is_scipys():
    values = sample(1001).float()
    oracle = 1.345 * median_abs_deviation(values.numpy(), scale="normal")
    assert robust_delta(values) == pytest.approx(oracle, rel=1e-4)
    even = sample(1000).requires_grad_()
    oracle = median_abs_deviation(even.detach().numpy(), scale="normal")
    assert robust_delta(even, factor=1.0) == pytest.approx(oracle, rel=1e-2)


# What every one of them must do


@pytest.mark.parametrize("loss", LOSSES)
def test_reductions(loss):
    prediction, target = torch.randn(4, 3), torch.arange(12.0).view(4, 3)
    each = loss(prediction, target, reduction="none")
    assert each.shape == (4, 3)
    torch.testing.assert_close(loss(prediction, target), each.sum() / 12)
    torch.testing.assert_close(loss(prediction, target, reduction="sum"), each.sum())
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(prediction, target, reduction="avg")


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "shapes", [((8, 1), (8,)), ((8,), (8, 1)), ((8,), ()), ((3, 1), (3, 2))]
)
def test_refuses_broadcasting(loss, shapes):
    prediction, target = torch.zeros(shapes[0]), torch.zeros(shapes[1])
    with pytest.raises(ValueError, match="must have the same shape, got"):
        loss(prediction, target)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda p: huber(p, p, delta=0), "delta must be .* got 0"),
        (lambda p: huber(p, p, delta=math.inf), "delta must be .* got inf"),
        (lambda p: pinball(p, p, tau=1.0), "tau must be .* got 1.0"),
        (lambda p: pinball(p, p, tau=90), "tau must be .* got 90"),
        (
            lambda p: asymmetric_squared_error(p, p, under=-1),
            "under and over .* got -1",
        ),
        (lambda p: asymmetric_squared_error(p, p, over=0), "under and over .* and 0"),
        (lambda p: gaussian_nll(p, p, p, eps=0), "eps must be .* got 0"),
        (lambda p: gaussian_nll(p, p, p[:, None]), r"log_variance .* and \(2, 1\)"),
        (lambda p: robust_delta(p[:0]), "at least one"),
        (lambda p: robust_delta(p), "residual must vary"),
        (lambda p: robust_delta(p / 0), "only finite"),
    ],
)
def test_refuses_bad_values(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2))


@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck(loss):
    generator = torch.Generator().manual_seed(1)
    prediction = torch.randn(12, generator=generator, dtype=torch.float64)
    target = torch.arange(12.0, dtype=torch.float64) / 4
    prediction.requires_grad_()
    assert torch.autograd.gradcheck(lambda p: loss(p, target), prediction)


def test_gradcheck_of_the_variance():
    generator = torch.Generator().manual_seed(1)
    s = torch.randn(12, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.arange(12.0, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda v: gaussian_nll(target / 2, target, v), s)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("loss", [huber, log_cosh, pinball])
def test_linear_losses_are_finite_at_every_error(loss, dtype):
    huge = torch.finfo(dtype).max / 4
    error = torch.tensor([-huge, -300.0, -1e-3, 0.0, 1e-3, 300.0, huge], dtype=dtype)
    error.requires_grad_()
    value = loss(error, torch.zeros_like(error), reduction="none")
    value.sum().backward()
    assert value.isfinite().all()
    assert error.grad.abs().max() <= 1
    assert error.grad.dtype == dtype


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("loss", LOSSES)
def test_half_precision_is_computed_in_float32(loss, dtype):
    prediction = torch.tensor([-20.0, -3.0, 0.3, 5.0, 30.0], dtype=dtype)
    target = torch.tensor([300.0, 0.0, 2.0, 5.0, 40.0], dtype=dtype)
    value = loss(prediction, target)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(prediction.float(), target.float()))
    assert loss(prediction, target.double()).dtype == torch.float32
    assert loss(prediction.double(), target).dtype == torch.float64


@pytest.mark.parametrize("dtype", FLOATS)
def test_gaussian_nll_is_finite_at_every_log_variance(dtype):
    s = torch.tensor([-6e4, -100.0, -14.0, 0.0, 14.0, 100.0, 6e4], dtype=dtype)
    error = torch.tensor([0.0, 1e-3, 1e-2, 3.0, 300.0, 1.0, 1e3], dtype=dtype)
    s.requires_grad_()
    error.requires_grad_()
    value = gaussian_nll(error, torch.zeros_like(error), s, reduction="none")
    value.sum().backward()
    for tensor in (value, s.grad, error.grad):
        assert tensor.isfinite().all()


@pytest.mark.parametrize("loss", ERROR_LOSSES)
def test_zero_error_costs_nothing_and_nothing_costs_less(loss):
    error = torch.arange(-50.0, 51.0) / 10
    value = loss(error, 0 * error, reduction="none")
    assert value.argmin() == 50 and value[50] == 0


def test_integer_targets():
    prediction = torch.randn(6, requires_grad=True)
    target = torch.arange(6)
    for loss in LOSSES:
        torch.testing.assert_close(
            loss(prediction, target), loss(prediction, target.float())
        )
        loss(prediction, target).backward()


# The wrapper


@pytest.mark.parametrize(
    "loss", [nn.MSELoss(), nn.L1Loss(), nn.HuberLoss(), nn.SmoothL1Loss(), F.mse_loss]
)
def test_same_shape_passes_and_refuses(loss):
    criterion = SameShape(loss)
    prediction, target = torch.randn(4), torch.randn(4)
    assert criterion(prediction, target) == loss(prediction, target)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4,\)"):
            criterion(prediction[:, None], target)


def test_same_shape_passes_arguments_on():
    mean, target, variance = torch.randn(4), torch.randn(4), torch.rand(4)
    criterion = SameShape(nn.GaussianNLLLoss(full=True))
    assert criterion(mean, target, variance) == nn.GaussianNLLLoss(full=True)(
        mean, target, variance
    )
    functional = SameShape(F.gaussian_nll_loss)
    assert functional(mean, target, var=variance, full=True) == criterion(
        mean, target, variance
    )


# What the figures and tables show


def test_statistics_shown():
    values = statistic.SAMPLE
    best = {k: statistic._minimiser(f, values) for k, f in statistic.LOSSES.items()}
    assert best["MSE: mean"] == pytest.approx(values.mean().item(), abs=1e-8)
    assert best["L1: median"] == pytest.approx(values.median().item(), abs=1e-8)
    assert best["L1: median"] < best["Huber(1)"] < best["Huber(3)"] < best["MSE: mean"]
    oracle = expectile(values.numpy(), 0.9)
    assert best["asymmetric 9:1: expectile"] == pytest.approx(oracle, abs=1e-8)


def test_outlier_fits_reach_their_optimum():
    """L1 against the exact linear program, MSE against least squares."""
    for kind in "yx":
        x, y = (rows[2, 3].double() for rows in outliers._data(kind))
        design = torch.stack([x, torch.ones_like(x)], 1).numpy()
        n = len(x)
        equal = np.hstack([design, np.eye(n), -np.eye(n)])
        cost = np.r_[0, 0, np.ones(2 * n)]
        bounds = [(None, None)] * 2 + [(0, None)] * (2 * n)
        exact = linprog(cost, A_eq=equal, b_eq=y.numpy(), bounds=bounds).x[:2]
        rms = math.hypot((exact[0] - 2) * math.sqrt(4 / 3), exact[1] - 1)
        assert outliers._errors(F.l1_loss, kind)[2, 3].item() == pytest.approx(
            rms, abs=0.02
        )
        exact = np.linalg.lstsq(design, y.numpy(), rcond=None)[0]
        rms = math.hypot((exact[0] - 2) * math.sqrt(4 / 3), exact[1] - 1)
        assert outliers._errors(F.mse_loss, kind)[2, 3].item() == pytest.approx(
            rms, abs=0.02
        )


@pytest.mark.parametrize("module", [contract, half_precision, shapes, units])
def test_tables_are_rectangular(module):
    rows = module.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1


def test_delta_one_is_mse_in_kilometres_and_l1_in_millimetres():
    x = torch.linspace(-2, 2, 200)
    y = 2 * x + torch.randn(200, generator=torch.Generator().manual_seed(0))
    y[100::5] -= 10
    fits = {u: units._fit(x, y * u, delta=1.0) / u for u in (1e-3, 1e3)}
    mse, l1 = units._fit(x, y, F.mse_loss), units._fit(x, y, F.l1_loss)
    torch.testing.assert_close(fits[1e-3], mse, rtol=0, atol=0.01)
    torch.testing.assert_close(fits[1e3], l1, rtol=0, atol=0.01)
    assert (mse - l1).abs().max() > 0.3


def test_the_slider_draws_huber():
    figure = curves.figure()
    (values, slopes), deltas = map(sliders.curves, figure.axes), curves.DELTAS
    assert tuple(values) == tuple(slopes) == deltas
    for delta in deltas:
        error, value = values[delta]
        small = error.abs() <= delta
        arms = delta * (error.abs() - delta / 2)
        oracle = torch.where(small, error**2 / 2, arms)
        torch.testing.assert_close(value, oracle, atol=1e-6, rtol=1e-6)
        error, slope = slopes[delta]
        torch.testing.assert_close(slope, error.clamp(-delta, delta))
    ends = [round(y[-1].item(), 2) for _, y in values.values()]
    assert ends[0] == 0.58 and ends[-1] == 4.5
    for axes, name in zip(figure.axes, ("{:g}", "±{:g}"), strict=True):
        assert sliders.labels(axes) == {f"{d:g}": name.format(d) for d in deltas}


def test_huber_is_between_l1_and_mse():
    error = torch.linspace(-3, 3, 50)
    nil = torch.zeros(50)
    small, large = (F.huber_loss(error, nil, delta=d) for d in (0.01, 3.0))
    torch.testing.assert_close(small / 0.01, F.l1_loss(error, nil), rtol=0.01, atol=0)
    torch.testing.assert_close(large, F.mse_loss(error, nil) / 2)
