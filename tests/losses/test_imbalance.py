"""The remedies for imbalance against torch, scikit-learn and closed forms in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.linear_model import LogisticRegression
from sklearn.utils.class_weight import compute_class_weight
from torch.nn import functional as F

from snippets.losses.imbalance import focal_bias, focal_curves, networks, remedies
from snippets.losses.imbalance.balanced_sampler import balanced_sampler
from snippets.losses.imbalance.best_threshold import best_threshold
from snippets.losses.imbalance.class_weights import class_weights
from snippets.losses.imbalance.focal_loss import focal_loss
from snippets.losses.imbalance.focal_posterior import focal_posterior
from snippets.losses.imbalance.logit_adjusted_cross_entropy import (
    logit_adjusted_cross_entropy,
)
from snippets.losses.imbalance.multiclass_focal_loss import multiclass_focal_loss
from tests import sliders

HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
logits = st.floats(-12, 12, allow_subnormal=False)
gammas = st.sampled_from([0.0, 0.5, 1.0, 2.0, 5.0])


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


# Binary focal loss


def published(z, y, alpha, gamma):
    """Torchvision's documented formula; alpha below 0 is none."""
    p = z.sigmoid()
    ce = F.binary_cross_entropy_with_logits(z, y, reduction="none")
    p_t = p * y + (1 - p) * (1 - y)
    loss = ce * (1 - p_t) ** gamma
    return loss if alpha < 0 else (alpha * y + (1 - alpha) * (1 - y)) * loss


@few
@given(st.lists(st.tuples(logits, st.booleans()), min_size=1), gammas, st.floats(0, 1))
def test_focal_is_torchvisions(pairs, gamma, alpha):
    z = torch.tensor([z for z, _ in pairs], dtype=torch.float64)
    y = torch.tensor([y for _, y in pairs]).double()
    a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
    for ours, theirs in ((alpha, alpha), (None, -1)):
        one = focal_loss(a, y, ours, gamma, "none")
        two = published(b, y, theirs, gamma)
        torch.testing.assert_close(one, two, rtol=1e-6, atol=1e-9)
        grads = [torch.autograd.grad(v.sum(), x)[0] for v, x in ((one, a), (two, b))]
        torch.testing.assert_close(*grads, rtol=1e-6, atol=1e-9)


def test_focal_alpha_is_of_the_positives():
    z = torch.zeros(2)
    positive, negative = focal_loss(z, torch.tensor([1, 0]), 0.25, reduction="none")
    assert (negative / positive).item() == pytest.approx(3)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("dtype", FLOATS)
def test_focal_is_finite_at_every_logit(dtype, gamma):
    z = torch.tensor([-3e4, -200.0, -20.0, 0.0, 20.0, 200.0, 3e4], dtype=dtype)
    for y in (0, 1):
        z = z.detach().requires_grad_()
        loss = focal_loss(z, torch.full((7,), y), gamma=gamma, reduction="none")
        loss.sum().backward()
        assert loss.dtype == torch.float32 and z.grad.dtype == dtype
        assert loss.isfinite().all() and z.grad.isfinite().all()
        hardest = loss[0 if y else -1].item()
        assert hardest == pytest.approx(abs(z[0].item()), rel=1e-3)


def test_published_formula_is_nan_below_gamma_one_and_ours_is_not():
    for loss, nan in ((published, True), (focal_loss, False)):
        z = torch.tensor([20.0], requires_grad=True)
        loss(z, torch.ones(1), 0.25, 0.5).sum().backward()
        assert z.grad.isnan().item() is nan


@few
@given(logits, st.floats(0, 1), gammas)
def test_a_soft_target_is_the_expected_focal_loss(z, share, gamma):
    z = torch.tensor([z], dtype=torch.float64)
    one, zero = (focal_loss(z, torch.full((1,), c), 0.3, gamma) for c in (1.0, 0.0))
    y = torch.tensor([share], dtype=torch.float64)
    expected = share * one + (1 - share) * zero
    torch.testing.assert_close(focal_loss(z, y, 0.3, gamma), expected)


def test_focal_is_not_computed_in_half_precision():
    z = torch.tensor([-3.0, 0.3, 4.0], dtype=torch.bfloat16)
    y = torch.tensor([1, 0, 1])
    assert focal_loss(z, y) == focal_loss(z.float(), y)


# Several classes


def slow_focal(z, y, alpha, gamma, ignore_index=-100):
    total, valid = 0.0, 0
    for row, c in zip(z.tolist(), y.tolist(), strict=True):
        if c == ignore_index:
            continue
        p = math.exp(row[c]) / sum(map(math.exp, row))
        total += -alpha[c] * (1 - p) ** gamma * math.log(p)
        valid += 1
    return total, valid


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_multiclass_focal_is_its_definition(gamma):
    z, y = 3 * seeded(40, 5), torch.arange(40) % 5
    y[::7] = 3
    y[::9] = -1
    alpha = torch.tensor([0.1, 1.0, 2.0, 0.0, 5.0])
    total, valid = slow_focal(z, y, alpha.tolist(), gamma, -1)
    loss = [multiclass_focal_loss(z, y, alpha, gamma, -1, r) for r in ("sum", "mean")]
    assert loss[0].item() == pytest.approx(total)
    assert loss[1].item() == pytest.approx(total / valid)
    each = multiclass_focal_loss(z, y, alpha, gamma, -1, "none")
    assert each.shape == (40,) and (each[y == -1] == 0).all()


@pytest.mark.parametrize("shape", [(6, 4), (2, 4, 5), (2, 4, 3, 2)])
def test_multiclass_focal_at_gamma_zero_is_cross_entropy(shape):
    z, y = seeded(*shape).requires_grad_(), torch.randint(4, (shape[0], *shape[2:]))
    y.view(-1)[0] = -100
    weight = torch.tensor([1.0, 2.0, 0.5, 3.0]).double()
    for reduction in ("none", "sum", "mean"):
        torch.testing.assert_close(
            multiclass_focal_loss(z, y, gamma=0.0, reduction=reduction),
            F.cross_entropy(z, y, reduction=reduction),
        )
    a = multiclass_focal_loss(z, y, weight, gamma=0.0, reduction="sum")
    b = F.cross_entropy(z, y, weight, reduction="sum")
    torch.testing.assert_close(a, b)
    grads = [torch.autograd.grad(v, z)[0] for v in (a, b)]
    torch.testing.assert_close(*grads)


def test_multiclass_focal_of_two_classes_is_binary():
    z, y = 4 * seeded(30, 2), torch.arange(30) % 2
    binary = focal_loss(z[:, 1] - z[:, 0], y, 0.25)
    alpha = torch.tensor([0.75, 0.25])
    torch.testing.assert_close(multiclass_focal_loss(z, y, alpha), binary)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_multiclass_focal_is_finite_at_every_logit(dtype, gamma):
    z = torch.tensor([[3e4, 0, -3e4], [50, 0, 0], [0, 0, 0]], dtype=dtype)
    for c in range(3):
        z = z.detach().requires_grad_()
        loss = multiclass_focal_loss(z, torch.full((3,), c), gamma=gamma)
        loss.backward()
        assert loss.dtype == torch.float32
        assert loss.isfinite() and z.grad.isfinite().all()


def test_nothing_valid_is_zero_and_has_no_gradient():
    z = torch.randn(4, 3, requires_grad=True)
    loss = multiclass_focal_loss(z, torch.full((4,), -100))
    loss.backward()
    assert loss == 0 and (z.grad == 0).all()


def test_copied_version_is_wrong_by_p_to_the_weight():
    z, y = torch.tensor([[0.0, 2.2]]), torch.tensor([0])
    ce = F.cross_entropy(z, y, torch.tensor([0.1, 1.0]), reduction="none")
    p = z.softmax(1)[0, 0]
    torch.testing.assert_close((-ce).exp()[0], p**0.1)
    copied = (1 - (-ce).exp()) ** 2 * ce
    right = multiclass_focal_loss(z, y, torch.tensor([0.1, 1.0]), reduction="none")
    assert right / copied > 10


# Logit adjustment


def test_logit_adjusted_is_its_definition():
    z, y, pi = seeded(20, 4), torch.arange(20) % 4, torch.tensor([0.5, 0.3, 0.15, 0.05])
    for tau in (0.5, 1.0, 2.0):
        top = z.exp() * pi.double() ** tau
        oracle = -(top[torch.arange(20), y] / top.sum(1)).log()
        loss = logit_adjusted_cross_entropy(z, y, pi, tau, reduction="none")
        torch.testing.assert_close(loss, oracle, rtol=1e-6, atol=1e-7)


def test_logit_adjusted_is_cross_entropy_with_another_bias():
    z, y, prior = (
        seeded(9, 3).requires_grad_(),
        torch.arange(9) % 3,
        torch.rand(3) + 0.1,
    )
    a = logit_adjusted_cross_entropy(z, y, prior)
    moved = (z.detach() + prior.log()).requires_grad_()
    b = F.cross_entropy(moved, y)
    torch.testing.assert_close(
        torch.autograd.grad(a, z), torch.autograd.grad(b, moved), rtol=1e-6, atol=1e-7
    )


def test_logit_adjusted_over_pixels_with_ignored_and_soft_targets():
    z, prior = seeded(2, 3, 4, 4), torch.tensor([8.0, 3.0, 1.0])
    y = torch.randint(3, (2, 4, 4))
    y[0] = -100
    flat = z.permute(0, 2, 3, 1).reshape(-1, 3)
    torch.testing.assert_close(
        logit_adjusted_cross_entropy(z, y, prior),
        logit_adjusted_cross_entropy(flat, y.view(-1), prior),
    )
    soft = seeded(2, 3, 4, 4, seed=1).softmax(1)
    loss = logit_adjusted_cross_entropy(z, soft, prior)
    shifted = z + prior.double().log().view(3, 1, 1)
    torch.testing.assert_close(loss, F.cross_entropy(shifted, soft))


@pytest.mark.parametrize("dtype", HALVES)
def test_logit_adjusted_in_half_precision(dtype):
    z = torch.tensor([[3e4, 0.0], [0.0, 3e4]], dtype=dtype, requires_grad=True)
    prior = torch.tensor([0.999, 0.001])
    loss = logit_adjusted_cross_entropy(z, torch.tensor([1, 1]), prior)
    loss.backward()
    assert loss.dtype == torch.float32 and loss.isfinite()
    assert z.grad.isfinite().all() and z.grad.dtype == dtype


# Weights, sampler, threshold


def test_class_weights_are_scikit_learns():
    y = (5 * torch.rand(500, generator=torch.manual_seed(0)) ** 2).long()
    oracle = compute_class_weight("balanced", classes=np.arange(5), y=y.numpy())
    torch.testing.assert_close(class_weights(y, 5).double(), torch.tensor(oracle))


@few
@given(
    st.lists(st.integers(0, 400), min_size=2, max_size=6).filter(any),
    st.floats(0, 1),
)
def test_effective_numbers(counts, beta):
    y = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    weight = class_weights(y, len(counts), beta).double()
    assert weight.isfinite().all()
    assert [w == 0 for w in weight.tolist()] == [n == 0 for n in counts]
    assert weight[y].mean().item() == pytest.approx(1, abs=1e-5)
    effective = [sum(beta**i for i in range(n)) for n in counts]
    product = torch.tensor([w * e for w, e in zip(weight, effective, strict=True) if e])
    torch.testing.assert_close(product / product[0], torch.ones(len(product)).double())


def test_class_weights_ignore():
    y = torch.tensor([[0, 0, 1], [-1, -1, -1]])
    torch.testing.assert_close(
        class_weights(y, 2, ignore_index=-1), class_weights(y[0], 2)
    )


def test_sampler_draws_classes_equally():
    y = torch.tensor([3] * 900 + [0] * 90 + [5] * 10)
    sampler = balanced_sampler(y, 30_000, torch.Generator().manual_seed(0))
    drawn = torch.tensor(list(sampler))
    share = torch.bincount(y[drawn])[[0, 3, 5]] / 30_000
    assert (share - 1 / 3).abs().max() < 0.01
    assert len(drawn.unique()) > 980  # every sample has its chance
    assert len(list(balanced_sampler(y))) == 1000


def slow_best(score, target, utility):
    cuts = sorted({*score.tolist(), math.inf})
    values = []
    for cut in cuts:
        said = score >= cut
        counts = (
            (said & (target == 1)).sum(),
            (said & (target == 0)).sum(),
            (~said & (target == 1)).sum(),
            (~said & (target == 0)).sum(),
        )
        values.append(utility(*(c.double() for c in counts)).item())
    return max(values)


UTILITIES = {
    "cost": lambda tp, fp, fn, tn: -(fp + 3.5 * fn),
    "F1": lambda tp, fp, fn, tn: 2 * tp / (2 * tp + fp + fn).clamp(min=1),
    "accuracy": lambda tp, fp, fn, tn: tp + tn,
}


@few
@given(
    st.lists(st.tuples(st.integers(0, 6), st.booleans()), min_size=1, max_size=30),
    st.sampled_from(list(UTILITIES)),
)
def test_no_threshold_is_better(pairs, name):
    score = torch.tensor([s for s, _ in pairs]) / 6
    target = torch.tensor([y for _, y in pairs]).long()
    utility = UTILITIES[name]
    cut = best_threshold(score, target, utility)
    said = score >= cut
    tp, fp = (said & (target == 1)).sum(), (said & (target == 0)).sum()
    fn, tn = target.sum() - tp, (1 - target).sum() - fp
    reached = utility(*(c.double() for c in (tp, fp, fn, tn))).item()
    assert reached == pytest.approx(slow_best(score, target, utility))


def test_threshold_lies_midway_between_the_scores_that_it_parts():
    score = torch.tensor([4.0, 3.0, 2.0, 1.0])
    for positives in 1, 2, 3:
        target = (torch.arange(4) < positives).long()
        assert best_threshold(score, target, UTILITIES["F1"]) == 4.5 - positives
    assert best_threshold(score, target.new_ones(4), UTILITIES["F1"]) == 1


def test_threshold_of_calibrated_probabilities_is_the_one_of_the_costs():
    generator = torch.Generator().manual_seed(3)
    p = torch.rand(200_000, generator=generator) ** 2
    y = torch.bernoulli(p, generator=generator)
    cut = best_threshold(p, y, lambda tp, fp, fn, tn: -(fp + 9 * fn))
    assert cut == pytest.approx(0.1, abs=0.02)
    assert best_threshold(p, 0 * y, lambda tp, fp, fn, tn: -fp) == math.inf


# The bias of focal loss


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.0, 2.0, 5.0])
def test_posterior_undoes_the_minimiser(gamma):
    true = torch.tensor([0.001, 0.05, 0.3, 0.5, 0.8, 0.99], dtype=torch.float64)
    fitted = focal_bias._fitted(true, gamma)
    torch.testing.assert_close(
        focal_posterior(fitted.logit(), gamma), true, rtol=1e-6, atol=1e-8
    )
    for eta, p in zip(true.tolist(), fitted.tolist(), strict=True):

        def expected(q, eta=eta):
            one, zero = (1 - q) ** gamma * math.log(q), q**gamma * math.log(1 - q)
            return -eta * one - (1 - eta) * zero

        best = minimize_scalar(expected, bounds=(1e-6, 1 - 1e-6), method="bounded")
        assert p == pytest.approx(best.x, abs=1e-4)


@pytest.mark.parametrize("dtype", FLOATS)
def test_posterior_is_finite_and_monotone(dtype):
    z = torch.tensor([-3e4, -100, -31, -29, -5, 0, 5, 29, 31, 100, 3e4], dtype=dtype)
    p = focal_posterior(z.requires_grad_())
    p.sum().backward()
    assert p.isfinite().all() and z.grad.isfinite().all()
    assert (p.diff() >= 0).all() and p[0] == 0 and p[-1] == 1 and p[5] == 0.5


def test_numbers_of_the_bias():
    fitted = focal_bias._fitted(torch.tensor([0.9, 0.01]), 2.0)
    assert [round(p, 2) for p in fitted.tolist()] == [0.69, 0.15]
    z = torch.linspace(-8, 4, 400, requires_grad=True)
    focal_loss(z, torch.ones(400), reduction="sum").backward()
    assert z.grad.abs().max().item() == pytest.approx(1.13, abs=0.005)


# What every one of them must do


LOSSES = {
    "focal": lambda z, y: focal_loss(z, y.double().expand_as(z.T).T, 0.25),
    "multiclass": lambda z, y: multiclass_focal_loss(z, y, torch.ones(3)),
    "adjusted": lambda z, y: logit_adjusted_cross_entropy(z, y, torch.arange(1, 4)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_gradcheck(name):
    y = torch.tensor([0, 1, 1, 0])
    z = seeded(4, 3).requires_grad_()
    assert torch.autograd.gradcheck(lambda z: LOSSES[name](z, y), z)
    p = seeded(5).requires_grad_()
    assert torch.autograd.gradcheck(focal_posterior, p)


def test_reductions_of_focal():
    z, y = seeded(4, 3), torch.randint(2, (4, 3))
    each = focal_loss(z, y, reduction="none")
    assert each.shape == (4, 3)
    torch.testing.assert_close(focal_loss(z, y), each.sum() / 12)
    torch.testing.assert_close(focal_loss(z, y, reduction="sum"), each.sum())


Z, Y = torch.zeros(4, 3), torch.tensor([0, 1, 2, 0])
ERRORS = {
    r"logits and target must have the same shape, got \(4, 1\) and \(4,\)": (
        lambda: focal_loss(Z[:, :1], Y)
    ),
    "alpha must be None or from 0 to 1, got 4": lambda: focal_loss(Z, Z, alpha=4),
    "alpha must be None or from 0 to 1, got -0.5": (
        lambda: focal_loss(Z, Z, alpha=-0.5)
    ),
    "gamma must be finite and not negative, got -1": (
        lambda: focal_loss(Z, Z, gamma=-1)
    ),
    "reduction must be 'none', 'mean' or 'sum', got 'avg'": (
        lambda: focal_loss(Z, Z, reduction="avg")
    ),
    r"shapes \(N, C, \*\) and \(N, \*\), got \(4, 3\) and \(4, 3\)": (
        lambda: multiclass_focal_loss(Z, Z)
    ),
    r"alpha must have shape \(3,\), got \(4,\)": (
        lambda: multiclass_focal_loss(Z, Y, torch.ones(4))
    ),
    "gamma must be finite and not negative, got inf": (
        lambda: multiclass_focal_loss(Z, Y, gamma=math.inf)
    ),
    "reduction must be 'none', 'mean' or 'sum', got 'sums'": (
        lambda: multiclass_focal_loss(Z, Y, reduction="sums")
    ),
    "gamma must be finite and not negative, got nan": (
        lambda: focal_posterior(Z, math.nan)
    ),
    r"prior must have one element .*, got \(2,\) and \(4, 3\)": (
        lambda: logit_adjusted_cross_entropy(Z, Y, torch.ones(2))
    ),
    r"prior must be positive, got \[1.0, 0.0, 1.0\]": (
        lambda: logit_adjusted_cross_entropy(Z, Y, torch.tensor([1.0, 0.0, 1.0]))
    ),
    "target must hold integers, got torch.float32": lambda: class_weights(Z, 3),
    "beta must be from 0 to 1, got 1.5": lambda: class_weights(Y, 3, 1.5),
    "target must be from 0 to 1, got 0 to 2": lambda: class_weights(Y, 2),
    "target must hold at least one class index": lambda: class_weights(Y[:0], 2),
    r"target must be an integer tensor .* of shape \(4, 3\)": (
        lambda: balanced_sampler(Z.long())
    ),
    r"score and target must have the same shape .*, got \(4, 3\) and \(4,\)": (
        lambda: best_threshold(Z, Y, UTILITIES["F1"])
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


# What the figures and the text say


@pytest.fixture(scope="module")
def measured():
    return {ratio: remedies._measure(ratio) for ratio in remedies.RATIOS}


def test_fits_reach_their_optimum():
    x, y = remedies._data(30, 3000, 2, seed=5)
    for name, loss, weight in remedies._methods(100, y):
        beta = remedies._fit(loss, x, y, weight)
        z = (x @ beta).squeeze(2).requires_grad_()
        total = (weight * loss(z, y, reduction="none")).sum()
        (slope,) = torch.autograd.grad(total, z)
        assert (x.mT @ slope[..., None]).abs().max() < 1e-3 * total, name
    up = torch.where(y[0] == 1, 100.0, 1.0)
    oracle = LogisticRegression(C=1e9, fit_intercept=False, tol=1e-8, max_iter=500)
    oracle.fit(x[0].numpy(), y[0].numpy(), sample_weight=up.numpy())
    beta = remedies._fit(remedies._methods(100, y)[1][1], x, y, up.expand_as(y))
    oracle = torch.from_numpy(oracle.coef_[0]).float()
    torch.testing.assert_close(beta[0, :, 0], oracle, rtol=1e-2, atol=1e-2)


def test_average_precision_is_scikit_learns():
    x, y = remedies._data(40, 400, 1, seed=6)
    z = x[..., 0] + torch.randn(3, 440, generator=torch.manual_seed(0))
    found = remedies._average_precision(z, y, 50)
    weight = torch.where(y[0] == 1, 1.0, 50 * 40 / 400)
    for ap, score in zip(found, z, strict=True):
        oracle = metrics.average_precision_score(y[0], score, sample_weight=weight)
        assert ap.item() == pytest.approx(oracle, rel=1e-4)


def test_measured_ranking(measured):
    for ratio, result in measured.items():
        plain = result["plain cross-entropy"][0]
        loss = {k: 1 - (v[0] / plain).mean().item() for k, v in result.items()}
        assert all(v > -0.02 for v in loss.values())
        assert loss["weights and oversampling"] == max(loss.values())
        assert -0.02 < loss["focal, gamma 2"] < 0.07
        for name in ("weights", "oversampling"):
            assert (0.05 < loss[name] < 0.25) if ratio > 10 else (loss[name] < 0.03)


def test_measured_decisions(measured):
    for ratio, result in measured.items():
        half, tuned = ({k: v[i].mean() for k, v in result.items()} for i in (1, 2))
        best = max(tuned.values())
        assert best - tuned["plain cross-entropy"] < 0.02
        both = half["weights and oversampling"]
        assert both < half["weights"] - 0.05 and both < half["oversampling"] - 0.05
        assert abs(half["focal, gamma 2"] - half["plain cross-entropy"]) < 0.01
        assert half["weights"] > 0.75
        assert half["plain cross-entropy"] < (0.62 if ratio == 10 else 0.52)
    assert half["plain cross-entropy"] == pytest.approx(0.5, abs=2e-3)


def test_measured_calibration(measured):
    nll = {k: v[3].mean().item() for k, v in measured[1000].items()}
    assert 50 < nll["weights"] / nll["plain cross-entropy"] < 80
    assert 4 < nll["weights and oversampling"] < 6
    hundred = {k: round(v[3].mean().item(), 3) for k, v in measured[100].items()}
    assert hundred["plain cross-entropy"] == 0.046
    assert hundred["focal, gamma 2"] == 0.139


def test_weights_are_undone_by_their_logarithm():
    x, y = remedies._data(30, 3000, 8, seed=0)
    tx, ty = remedies._data(2000, 20_000, 1, seed=2)
    methods = remedies._methods(100, y)
    plain, weighted = (
        (tx @ remedies._fit(loss, x, y, w)).squeeze(2) for _, loss, w in methods[:2]
    )
    balance = torch.where(ty == 1, 1.0, 100 * 2000 / 20_000)

    def nll(z):
        loss = F.binary_cross_entropy_with_logits(z, ty.expand_as(z), reduction="none")
        return ((loss * balance).sum(1) / balance.sum()).mean().item()

    assert nll(weighted - math.log(100)) == pytest.approx(nll(plain), rel=0.1)
    assert nll(weighted) > 8 * nll(plain)


def test_roc_area_moves_the_other_way_by_little():
    tx, ty = remedies._data(2000, 20_000, 1, seed=2)
    for ratio in (100, 1000):
        x, y = remedies._data(30, 30 * ratio, 8, seed=0)
        areas = []
        for _, loss, w in remedies._methods(ratio, y)[:2]:
            z = (tx @ remedies._fit(loss, x, y, w)).squeeze(2)
            hit = ty.expand_as(z).gather(1, z.argsort(1, descending=True))
            areas.append((hit.cumsum(1) * (1 - hit)).sum(1) / 2000 / 20_000)
        gain = areas[1] - areas[0]
        assert 0.004 < gain.mean() < 0.015
        assert gain.mean() < 2.36 * gain.std() / 8**0.5


def test_focal_with_sampling_decides_like_sampling():
    x, y = remedies._data(30, 3000, 8, seed=0)
    tx, _ = remedies._data(2000, 20_000, 1, seed=2)
    drawn = remedies._methods(100, y)[2][2]
    z = (tx @ remedies._fit(focal_loss, x, y, drawn)).squeeze(2)
    balanced = (
        (z[:, :2000] >= 0).float().mean() + (z[:, 2000:] < 0).float().mean()
    ) / 2
    assert balanced > 0.74


def test_what_the_bias_does():
    paths = networks._paths()
    end = paths[..., -1].mean(1)
    assert [round(v, 2) for v in end.tolist()[::2]] == [0.04, 0.11, 0.36]
    assert 0.3 < end[networks.WEIGHTS] < 0.4
    steps = list(networks.STEPS)
    drawn = paths[networks.DRAWN].mean(0)
    assert drawn[steps.index(70)] > 0.95 * drawn[-1]
    at = paths[..., steps.index(40)].mean(1)
    assert at[networks.DRAWN] > at[networks.PRIOR] > 10 * at[networks.PLAIN]


def test_the_bias_matters_less_with_tanh(monkeypatch):
    monkeypatch.setattr(torch.Tensor, "relu", torch.Tensor.tanh)
    monkeypatch.setattr(networks, "STEPS", (70,))
    end = networks._paths()[..., -1].mean(1)
    assert end[networks.PLAIN] > 0.8 * end[networks.PRIOR]


def test_the_slider_draws_the_focal_loss():
    figure = focal_curves.figure()
    values, slopes = map(sliders.curves, figure.axes)
    assert tuple(values) == tuple(slopes) == focal_curves.GAMMAS
    for gamma, (margin, value) in values.items():
        z = margin.clone().requires_grad_()
        p = z.sigmoid()
        oracle = -((1 - p) ** gamma) * p.log()
        torch.testing.assert_close(value, oracle.detach(), rtol=1e-5, atol=1e-6)
        (slope,) = torch.autograd.grad(oracle.sum(), z)
        torch.testing.assert_close(slopes[gamma][1], slope, rtol=1e-4, atol=1e-6)
        left = slope[margin <= -3]
        assert left.min() > -1.32 and left.max() < -0.95
    at = slopes[0][0].tolist().index(2.0)
    assert slopes[0][1][at] == pytest.approx(-0.12, abs=0.005)
    assert slopes[2][1][at] == pytest.approx(-0.005, abs=0.0005)
    assert len(set(sliders.labels(figure.axes[0]).values())) == len(values)
