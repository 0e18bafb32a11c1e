"""LBFGS: the fit against closed forms and scikit-learn, and what its page says."""

import copy

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn
from torch.nn import functional as F
from torch.optim import LBFGS, SGD, Adam

from snippets.optimizers.lbfgs import equation, full_batch
from snippets.optimizers.lbfgs.lbfgs_fit import lbfgs_fit

DOUBLE = torch.float64


def weight(*values):
    return nn.Parameter(torch.tensor(values, dtype=DOUBLE))


# The fit


def test_fit_is_scikit_learns():
    x, y = full_batch._data(True)
    w = weight(*[0.0] * 31)

    def loss():
        penalty = w[:-1].square().sum() / (2 * len(x))
        return F.binary_cross_entropy_with_logits(x @ w, y) + penalty

    report = lbfgs_fit([w], loss)
    theirs = LogisticRegression(C=1.0, tol=1e-10, max_iter=1000).fit(x[:, :-1], y)
    expected = torch.tensor([*theirs.coef_[0], theirs.intercept_[0]])
    torch.testing.assert_close(w.detach(), expected, atol=1e-3, rtol=1e-3)
    assert report["converged"] and report["gradient"] <= 1e-6
    assert report["loss"] == pytest.approx(loss().item())
    assert w.grad.abs().max().item() == report["gradient"]


def test_fit_leaves_frozen_parameters_and_keeps_to_its_budget():
    a, b = weight(-1.2, 1.0), weight(5.0)
    b.requires_grad_(False)
    calls = 0

    def loss():
        nonlocal calls
        calls += 1
        return (1 - a[0]) ** 2 + 100 * (a[1] - a[0] ** 2) ** 2 + b.sum()

    report = lbfgs_fit([a, b], loss, max_calls=10)
    assert not report["converged"] and report["gradient"] > 1e-6
    assert report["calls"] <= 11 and calls == report["calls"] + 3
    assert b.item() == 5
    assert lbfgs_fit([a, b], loss)["converged"]
    torch.testing.assert_close(a.detach(), torch.ones(2, dtype=DOUBLE))


def test_fit_ignores_a_parameter_that_the_loss_does_not_use():
    a, b = weight(1.0), weight(2.0)
    assert lbfgs_fit([a, b], lambda: a.square().sum())["converged"]
    assert b.item() == 2


def test_fit_converges_where_the_full_step_diverges():
    w = weight(6.0)
    report = lbfgs_fit([w], lambda: (F.softplus(w) + F.softplus(-w / 2)).sum())
    assert report["converged"] and report["loss"] == pytest.approx(1.2839, abs=1e-4)


def test_fit_history_is_passed_on():
    found, scale = [], torch.logspace(-3, 0, 20, dtype=DOUBLE)
    for history in (1, 100):
        w = weight(*[1.0] * 20)
        report = lbfgs_fit([w], lambda w=w: (scale * w**2).sum(), 1e-8, 500, history)
        found.append(report["calls"])
    assert found[1] < found[0]


W = weight(1.0, 2.0)
ERRORS = {
    "parameters must contain one": lambda: lbfgs_fit([], lambda: W.sum()),
    r"must return a scalar, got \(2,\)": lambda: lbfgs_fit([W], lambda: W),
    "must be finite at the start, got nan": lambda: lbfgs_fit(
        [W], lambda: (-W).log().sum()
    ),
    "must be deterministic, two calls gave": lambda: lbfgs_fit(
        [W], lambda: F.dropout(W.expand(100, 2), 0.5).sum()
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


# What the page says


@pytest.fixture(scope="module")
def norms():
    return {s: full_batch._norms(s) for s in (True, False)}


def test_standardised_panel(norms):
    lines = norms[True]
    for name in ("LBFGS, strong Wolfe", "LBFGS, no line search"):
        assert min(lines[name][:35]) < 2e-6
    for kind in ("SGD", "Adam"):
        line = torch.as_tensor(lines[f"{kind}, best rate"])
        assert line[30] > 5e-3 and line[100] > 1e-4 and line[-1] > 1e-5
    assert 1e-12 < min(lines["LBFGS, strong Wolfe"]) < 1e-8
    assert min(lines["LBFGS, no line search"]) < 1e-12


def test_raw_panel(norms):
    lines = norms[False]
    assert min(lines["LBFGS, strong Wolfe"]) < 1e-2
    assert min(lines["LBFGS, no line search"][10:]) > 100
    for kind in ("SGD", "Adam"):
        assert min(lines[f"{kind}, best rate"][-20:]) > 0.1


def test_best_rates_are_inside_the_grids():
    x, y = full_batch._data(True)
    for kind, options in ((SGD, {"momentum": 0.9}), (Adam, {})):
        rates = [10 ** (k / 2) for k in full_batch.RATES[True][kind]]
        _, best = full_batch._first_order(kind, x, y, rates, **options)
        assert rates[0] < best < rates[-1]


def test_short_history_is_slower_on_raw_inputs():
    x, y = full_batch._data(False)
    found = []
    for history in (10, 100):
        w = weight(*[0.0] * 31)
        loss = lambda w=w: (  # noqa: E731
            F.binary_cross_entropy_with_logits(x @ w, y) + 0.005 * w.square().sum()
        )
        found.append(lbfgs_fit([w], loss, 1e-12, 120, history)["gradient"])
    assert found[0] > 20 * found[1]


def test_equation():
    lbfgs = [equation._lbfgs(seed, DOUBLE)[0] for seed in (0, 1)]
    adam = [equation._adam(seed, 0.1)[0] for seed in (0, 1)]
    assert sum(lbfgs) < sum(adam) / 4


def rosenbrock(w):
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def one_step(solver, loss):
    def closure():
        solver.zero_grad()
        value = loss()
        value.backward()
        return value

    return solver.step(closure).item()


def test_direction_is_that_of_bfgs():
    """The matrix of BFGS from the remembered pairs, and the first step by its rule."""
    scale = torch.tensor([1.0, 5.0, 20.0], dtype=DOUBLE)
    w = weight(1.0, 2.0, -1.0)
    solver = LBFGS([w], lr=0.5, max_iter=6, history_size=2)
    one_step(solver, lambda: (scale * w**2).sum() / 2 + (w**4).sum() / 4)
    x, pairs = torch.tensor([1.0, 2.0, -1.0], dtype=DOUBLE), []
    g = scale * x + x**3
    for _ in range(6):
        if not pairs:
            move = -g * min(1, 1 / g.abs().sum()) * 0.5
        else:
            s, y = pairs[-1]
            identity = torch.eye(3, dtype=DOUBLE)
            inverse = s @ y / (y @ y) * identity
            for s, y in pairs[-2:]:
                left = identity - torch.outer(s, y) / (s @ y)
                inverse = left @ inverse @ left.T + torch.outer(s, s) / (s @ y)
            move = -0.5 * inverse @ g
        x, old = x + move, g
        g = scale * x + x**3
        pairs.append((move, g - old))
    torch.testing.assert_close(w.detach(), x)


def test_gradient_is_of_the_point_before_the_last_move():
    w = weight(-1.2, 1.0)
    solver = LBFGS([w])
    one_step(solver, lambda: rosenbrock(w))
    (here,) = torch.autograd.grad(rosenbrock(w), w)
    assert not torch.allclose(here, w.grad, rtol=1e-3)


@pytest.mark.parametrize("rate", [0.0, 0.1])
def test_dropout_costs_digits(rate):
    x, y = full_batch._data(True)
    torch.manual_seed(0)
    w = weight(*[0.0] * 31)
    solver = LBFGS([w], line_search_fn="strong_wolfe")

    def loss(rate):
        z = F.dropout(x, rate) @ w
        return F.binary_cross_entropy_with_logits(z, y) + 0.005 * w.square().sum()

    for _ in range(3):
        one_step(solver, lambda: loss(rate))
    excess = loss(0.0).item() - 0.10049418
    assert excess > 1e-4 if rate else excess < 1e-7


@pytest.mark.parametrize("batch", [569, 64])
def test_mini_batches(batch):
    x, y = full_batch._data(True)
    x, found = x[:, :30], {}
    for kind in (LBFGS, Adam):
        torch.manual_seed(0)
        w, used = weight(*[0.0] * 30), 0
        options = {"line_search_fn": "strong_wolfe"} if kind is LBFGS else {"lr": 0.1}
        optimizer = kind([w], **options)

        def loss(rows, w=w):
            z = F.binary_cross_entropy_with_logits(x[rows] @ w, y[rows])
            return z + 0.005 * w.square().sum()

        while used < 20 * 569:
            rows, calls = torch.randperm(569)[:batch], []

            def count(rows=rows, calls=calls, loss=loss):
                calls.append(1)
                return loss(rows)

            one_step(optimizer, count)
            used += len(calls) * batch
        found[kind] = loss(slice(None)).item() - 0.10246812
    if batch == 569:
        assert found[LBFGS] < 1e-8 and 0.02 < found[Adam] < 0.05
    else:
        assert found[LBFGS] > 0.01 > found[Adam]


def test_state_resumes():
    options = {"max_iter": 5, "line_search_fn": "strong_wolfe"}
    w = weight(-1.2, 1.0)
    solver = LBFGS([w], **options)
    for _ in range(3):
        one_step(solver, lambda: rosenbrock(w))
    loaded, fresh = weight(*w.tolist()), weight(*w.tolist())
    resumed, new = LBFGS([loaded], **options), LBFGS([fresh], **options)
    resumed.load_state_dict(copy.deepcopy(solver.state_dict()))
    for _ in range(2):
        one_step(solver, lambda: rosenbrock(w))
        one_step(resumed, lambda: rosenbrock(loaded))
        one_step(new, lambda: rosenbrock(fresh))
    torch.testing.assert_close(loaded, w, rtol=0, atol=0)
    assert not torch.allclose(fresh, w)


def test_second_group_fails_in_step():
    w = weight(1.0)
    solver = LBFGS([w])
    solver.add_param_group({"params": [weight(2.0)]})
    with pytest.raises(AssertionError, match="exactly one param_group"):
        solver.step(lambda: w.sum())
