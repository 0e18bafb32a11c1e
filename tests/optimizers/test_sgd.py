"""SGD written out against torch and closed forms, and what its page says."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import SGD, Adam

from snippets.optimizers.sgd import (
    conditioning,
    escape,
    momentum_steps,
    noise,
    sgd_or_adam,
    stability,
)
from snippets.optimizers.sgd.lookahead import lookahead
from snippets.optimizers.sgd.sgd_step import sgd_step
from tests import sliders

few = settings(max_examples=30, derandomize=True, deadline=None, database=None)
DOUBLE = torch.float64


def seeded(*shape, dtype=DOUBLE):
    return torch.randn(*shape, generator=torch.manual_seed(0), dtype=dtype)


# One step


@few
@given(
    st.sampled_from([0.0, 0.3, 0.9]),
    st.sampled_from([0.0, 0.5]),
    st.sampled_from([0.0, 0.1]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([torch.float64, torch.float32, torch.bfloat16]),
)
def test_step_is_torchs(momentum, dampening, decay, nesterov, maximize, dtype):
    nesterov = nesterov and momentum > 0 and dampening == 0
    options = {
        "lr": 0.1,
        "momentum": momentum,
        "dampening": dampening,
        "weight_decay": decay,
        "nesterov": nesterov,
        "maximize": maximize,
    }
    weight = nn.Parameter(seeded(3, 2, dtype=dtype))
    optimizer = SGD([weight], **options)
    param, buffer = weight.detach().clone(), None
    for grad in seeded(4, 3, 2, dtype=dtype):
        weight.grad = grad.clone()
        optimizer.step()
        param, buffer = sgd_step(param, grad, buffer, **options)
    exact = {"rtol": 0, "atol": 0} if dtype == DOUBLE else {}
    torch.testing.assert_close(param, weight.detach(), **exact)
    if momentum:
        kept = optimizer.state[weight]["momentum_buffer"]
        torch.testing.assert_close(buffer, kept, **exact)
        assert kept.dtype == dtype
    else:
        assert buffer is None


def test_step_leaves_its_arguments_alone():
    param, grad, buffer = (torch.ones(2) for _ in range(3))
    sgd_step(param, grad, buffer, 0.1, 0.9, weight_decay=0.1, maximize=True)
    assert all(torch.equal(v, torch.ones(2)) for v in (param, grad, buffer))


def test_first_buffer_is_a_copy():
    grad = torch.ones(2)
    _, buffer = sgd_step(torch.ones(2), grad, None, 0.1, 0.9)
    assert buffer.data_ptr() != grad.data_ptr()


ONE = torch.ones(1)
ERRORS = {
    r"same shape, got \(1,\) and \(2,\)": lambda: sgd_step(ONE, torch.ones(2)),
    "lr must not be negative, got -1": lambda: sgd_step(ONE, ONE, lr=-1),
    "lr must not be negative, got nan": lambda: sgd_step(ONE, ONE, lr=math.nan),
    "momentum must not be negative, got -0.5": lambda: sgd_step(
        ONE, ONE, momentum=-0.5
    ),
    "weight_decay must not be negative": lambda: sgd_step(ONE, ONE, weight_decay=-1),
    "got momentum 0.0 and dampening 0.0": lambda: sgd_step(ONE, ONE, nesterov=True),
    "got momentum 0.9 and dampening 0.1": lambda: sgd_step(
        ONE, ONE, momentum=0.9, dampening=0.1, nesterov=True
    ),
    "momentum must be from 0 to below 1, got 1": lambda: lookahead(
        torch.sin, ONE, [0.1], 1
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


# Nesterov in other variables


@few
@given(st.sampled_from([0.0, 0.5, 0.9, 0.99]), st.sampled_from([0.01, 0.1, 0.4]))
def test_lookahead_is_torchs_nesterov(momentum, lr):
    start = seeded(4)
    ahead = lookahead(torch.sin, start, [lr] * 30, momentum)
    weight = nn.Parameter(start.clone())
    optimizer = SGD([weight], lr, momentum, nesterov=momentum > 0)
    for point in ahead:
        weight.grad = weight.detach().sin()
        optimizer.step()
        torch.testing.assert_close(weight.detach(), point)
    assert lookahead(torch.sin, start, []).shape == (0, 4)


def test_lookahead_is_nesterovs_original():
    """x_t = y_{t-1} - lr * f'(y_{t-1}), y_t = x_t + m * (x_t - x_{t-1})."""
    start, m, lr = seeded(3), 0.8, 0.2
    x = y = start
    for point in lookahead(torch.sin, start, [lr] * 25, m):
        before, x = x, y - lr * y.sin()
        y = x + m * (x - before)
        torch.testing.assert_close(point, y)


# What the figures and the text say


def radius(lr, momentum, nesterov):
    """Largest modulus of the eigenvalues of two steps on half the squared weight."""
    if nesterov:
        rows = [(1 + momentum) * (1 - lr), -momentum * (1 - lr)]
    else:
        rows = [1 + momentum - lr, -momentum]
    return abs(np.linalg.eigvals([rows, [1, 0]])).max()


@pytest.mark.parametrize("m", [0.0, 0.3, 0.6, 0.9, 0.99])
def test_limits_in_closed_form(m):
    for nesterov, limit in ((False, 2 * (1 + m)), (True, 2 * (1 + m) / (1 + 2 * m))):
        assert (
            radius(0.999 * limit, m, nesterov) < 1 < radius(1.001 * limit, m, nesterov)
        )


def test_limits_found_by_running():
    for nesterov in (False, True):
        for m, found in zip(
            stability.MOMENTA, stability._limits(nesterov), strict=True
        ):
            limit = 2 * (1 + m) / (1 + 2 * m * nesterov)
            assert found == pytest.approx(limit, abs=0.02)
    assert round(2 * 1.9 / 2.8, 2) == 1.36


def test_momentum_tames_a_rate_that_diverges():
    ends = []
    for momentum in (0.0, 0.9):
        weight = nn.Parameter(torch.ones(1))
        optimizer = SGD([weight], 2.1, momentum)
        for _ in range(100):
            weight.grad = weight.detach().clone()
            optimizer.step()
        ends.append(weight.abs().item())
    assert ends[0] > 1e3 and ends[1] < 0.1


def test_best_momentum_of_a_condition_number():
    best = ((math.sqrt(100) - 1) / (math.sqrt(100) + 1)) ** 2
    assert round(best, 2) == 0.67

    def rate(m):
        return min(
            max(radius(h * lr, m, False) for h in (0.01, 1.0))
            for lr in np.linspace(0.05, 2 * (1 + m), 400)
        )

    assert rate(best) < min(rate(m) for m in (0.0, 0.5, 0.6, 0.75, 0.9, 0.99))
    assert rate(best) == pytest.approx(9 / 11, abs=0.01)


def test_measured_conditioning():
    paths, rates = conditioning._paths()
    end = paths[:, -1].tolist()
    assert [f"{v:.0e}" for v in end[2:4]] == ["6e-15", "3e-18"]
    assert f"{end[0]:.0e}" == "3e-07" and f"{end[4]:.0e}" == "1e-02"
    reached = [int((path < 1e-6).nonzero()[0]) for path in paths[:4]]
    assert reached == [265, 36, 124, 78]
    assert 125 < int((paths[1] < 1e-20).nonzero()[0]) < 137
    assert [f"{rates[i]:.2g}" for i in (0, 2)] == ["1.5", "0.68"]
    assert conditioning.RATES[0] < rates[0] < conditioning.RATES[-1]
    assert len(conditioning.RATES) == 16


def test_measured_noise():
    found = noise._distances()
    for row, scaled in zip(found, (False, True), strict=True):
        for m, value in zip(noise.MOMENTA, row.tolist(), strict=True):
            lr = noise.RATE * (1 - m) if scaled else noise.RATE
            assert value == pytest.approx(noise._expected(lr, m), rel=0.08)
    assert found[0, 0] == pytest.approx(0.23, abs=0.02)
    assert found[0, -1] == pytest.approx(2.3, abs=0.2)


def test_variance_in_closed_form():
    """Against the discrete Lyapunov equation, solved by iteration."""
    lr, m, h, sigma = 0.2, 0.7, 1.5, 2.0
    step = np.array([[1 + m - lr * h, -m], [1, 0]])
    push = np.array([[(lr * sigma) ** 2, 0], [0, 0]])
    variance = np.zeros((2, 2))
    for _ in range(500):
        variance = step @ variance @ step.T + push
    formula = lr * sigma**2 / h * (1 + m) / ((1 - m) * (2 * (1 + m) - lr * h))
    assert variance[0, 0] == pytest.approx(formula)


def test_measured_escapes():
    share = escape._arrived()
    assert (share[:, :2] < 0.12).all() and (share[0] < 0.12).all()
    assert 0.2 < share.max() < 0.245
    assert (share[3, 2:5] > 0.2).all() and share[2, 3] < 0.12 < share[2, 4]
    assert share[1, 4] < 0.12 < share[1, 5]
    x = torch.linspace(-10, 10, 20_001, dtype=DOUBLE)
    lowest = x[(0.05 * x**2 + 0.6 * (3 * x).sin()).argmin()]
    assert lowest.item() == pytest.approx(escape.LOWEST, abs=1e-3)


def test_measured_against_adam():
    more = {SGD: {"momentum": 0.9}, Adam: {}}
    trials = [
        (k, {"lr": lr, **more[k]}) for k, v in sgd_or_adam.RATES.items() for lr in v
    ]
    validation, _, accuracy = sgd_or_adam._train(trials, sgd_or_adam.RUNS, 80, 32)
    first, second = (validation[i : i + 6].mean(1).argmin() + i for i in (0, 6))
    assert (first, second) == (4, 8)
    gain = 100 * (accuracy[first] - accuracy[second])
    assert gain.mean().item() == pytest.approx(0.3, abs=0.3)
    assert 2.04 * gain.std() / 32**0.5 == pytest.approx(0.4, abs=0.15)
    mean = accuracy.mean(1)
    assert mean[0] < 0.16 and 0.15 < mean[6] < 0.3
    assert mean[:6].max() == pytest.approx(0.86, abs=0.01) and mean[:6].argmax() == 4
    assert mean[6:].max() == pytest.approx(0.87, abs=0.01) and mean[6:].argmax() == 3
    useful = (mean > mean.max() - 0.06).view(2, 6)  # a decade each
    assert useful[0].tolist() == [False] * 3 + [True] * 3
    assert useful[1].tolist() == [False] * 2 + [True] * 3 + [False]


def test_one_more_rate_decides_a_point():
    sgd = [(SGD, {"lr": lr, "momentum": 0.9}) for lr in (0.03, 0.1, 0.3)]
    adam = [(Adam, {"lr": lr}) for lr in (0.01, 0.03, 0.017)]
    validation, _, accuracy = sgd_or_adam._train(sgd + adam, 16, 400, 32)
    loss, right = validation.mean(1), 100 * accuracy.mean(1)
    ours = right[loss[:3].argmin()]
    assert ours - right[3 + loss[3:5].argmin()] == pytest.approx(1, abs=0.4)
    assert loss[3:].argmin() == 2 and abs(ours - right[5]) < 0.4


def test_trials_are_separate_networks():
    """A trial gets the same result alone as among others."""
    one = (SGD, {"lr": 0.1, "momentum": 0.9})
    alone = sgd_or_adam._train([one], 2, 5, 8)
    among = sgd_or_adam._train([(Adam, {"lr": 0.01}), one], 2, 5, 8)
    for a, b in zip(alone, among, strict=True):
        torch.testing.assert_close(a[0], b[1])
    x, y = sgd_or_adam._digits()
    assert x.shape == (1797, 16) and sorted(set(y.tolist())) == list(range(10))


def test_maximize_still_decays():
    weight = nn.Parameter(torch.tensor(2.0))
    weight.grad = torch.tensor(0.0)
    SGD([weight], 0.1, weight_decay=0.5, maximize=True).step()
    assert weight.item() == pytest.approx(2 * 0.95)


def test_dampening_of_one_minus_momentum_averages():
    weight = nn.Parameter(torch.tensor(0.0))
    optimizer = SGD([weight], 0.1, momentum=0.9, dampening=0.9)
    for _ in range(50):
        weight.grad = torch.tensor(3.0)
        optimizer.step()
    assert optimizer.state[weight]["momentum_buffer"].item() == pytest.approx(
        3, rel=0.02
    )


def test_the_slider_draws_the_answer_to_a_gradient():
    figure = momentum_steps.figure()
    lengths, swings = map(sliders.curves, figure.axes)
    assert tuple(lengths) == tuple(swings) == momentum_steps.MOMENTA
    for m, (t, length) in lengths.items():
        up = (1 - m**t) / (1 - m)
        down = (1 - m**60) / (1 - m) * m ** (t - 60)
        torch.testing.assert_close(length, torch.where(t <= 60, up, down))
        weight, buffer, path = 1.0, 0.0, [1.0]
        for _ in range(80):
            buffer = m * buffer + weight
            weight -= 0.1 * buffer
            path.append(weight)
        torch.testing.assert_close(swings[m][1], torch.tensor(path).double())
    peaks = [round(y.max().item()) for _, y in lengths.values()]
    assert peaks == [1, 2, 5, 10, 19, 45]
    assert lengths[0.99][1][-1] == pytest.approx(25, abs=0.5)
    lowest = [round(y.min().item(), 2) for _, y in swings.values()]
    assert lowest[2:4] == [-0.33, -0.6] and lowest[5] == -0.96
    assert (swings[0][1] > 0).all() and swings[0.99][1][-1] == pytest.approx(
        0.6, abs=0.01
    )


@pytest.mark.parametrize(("m", "crosses"), [(0.46, False), (0.48, True)])
def test_where_swinging_begins(monkeypatch, m, crosses):
    assert round((1 - 0.1**0.5) ** 2, 2) == 0.47
    monkeypatch.setattr(momentum_steps, "MOMENTA", (m,))
    path = momentum_steps._path(lambda w, t: w.clone(), 1.0, 200)
    assert (path.min() < 0) == crosses
