"""KL, Jensen-Shannon, Gaussian KL and distillation against torch, SciPy and formulas."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from torch.distributions import Categorical, Normal, kl_divergence
from torch.nn import functional as F

from snippets.losses.distributions import (
    misuse,
    modes,
    softened,
    students,
    temperature,
)
from snippets.losses.distributions.categorical_kl import categorical_kl
from snippets.losses.distributions.distillation_loss import distillation_loss
from snippets.losses.distributions.gaussian_kl import gaussian_kl
from snippets.losses.distributions.jensen_shannon import jensen_shannon
from tests import sliders

PAIRS = [categorical_kl, jensen_shannon, gaussian_kl]
DIVERGENCES = [categorical_kl, jensen_shannon]
HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
logit = st.floats(-30, 30, allow_subnormal=False)
rows = st.lists(st.tuples(logit, logit), min_size=2, max_size=6)


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def softmax(z):
    return z.softmax(-1).numpy()


# Against the oracles


@few
@given(rows)
def test_categorical_kl_is_scipys_and_torchs(pairs):
    p, q = torch.tensor(pairs, dtype=torch.float64).unbind(1)
    value = categorical_kl(p, q)
    oracle = entropy(softmax(p), softmax(q))
    assert value.item() == pytest.approx(oracle, rel=1e-6, abs=1e-9)
    torch.testing.assert_close(
        value, kl_divergence(Categorical(logits=p), Categorical(logits=q))
    )


def test_categorical_kl_gradients_in_both_arguments():
    p, q = draw(4, 5).requires_grad_(), draw(4, 5, seed=1).requires_grad_()
    to_p, to_q = torch.autograd.grad(categorical_kl(p, q, "sum"), (p, q))
    torch.testing.assert_close(to_q, q.softmax(1) - p.softmax(1))
    log_ratio = p.log_softmax(1) - q.log_softmax(1)
    kl = (p.softmax(1) * log_ratio).sum(1, keepdim=True)
    torch.testing.assert_close(to_p, p.softmax(1) * (log_ratio - kl))


@few
@given(rows)
def test_jensen_shannon_is_scipys_squared(pairs):
    p, q = torch.tensor(pairs, dtype=torch.float64).unbind(1)
    value = jensen_shannon(p, q).item()
    oracle = jensenshannon(softmax(p), softmax(q)) ** 2
    assert value == pytest.approx(np.nan_to_num(oracle), rel=1e-6, abs=1e-9)
    assert -1e-12 <= value <= math.log(2) + 1e-12


def test_jensen_shannon_gradient_is_that_of_its_formula():
    p, q = draw(4, 5).requires_grad_(), draw(4, 5, seed=1).requires_grad_()
    m = ((p.softmax(1) + q.softmax(1)) / 2).log()
    formula = (
        F.kl_div(m, p.log_softmax(1), reduction="batchmean", log_target=True)
        + F.kl_div(m, q.log_softmax(1), reduction="batchmean", log_target=True)
    ) / 2
    ours = torch.autograd.grad(jensen_shannon(p, q), (p, q))
    torch.testing.assert_close(ours, torch.autograd.grad(formula, (p, q)))


@few
@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(-20, 20)), min_size=1))
def test_gaussian_kl_is_torchs(pairs):
    mean, s = torch.tensor(pairs, dtype=torch.float64).unbind(1)
    mean.requires_grad_(), s.requires_grad_()
    value = gaussian_kl(mean, s)
    oracle = kl_divergence(
        Normal(mean, (s / 2).exp()), Normal(torch.zeros(()).double(), 1.0)
    ).sum()
    torch.testing.assert_close(value, oracle)
    torch.testing.assert_close(
        torch.autograd.grad(value, (mean, s)), torch.autograd.grad(oracle, (mean, s))
    )


def test_gaussian_kl_keeps_its_digits_near_the_prior():
    s = torch.tensor([1e-3, -1e-3, 3e-3])
    exact = gaussian_kl(0 * s[:, None].double(), s[:, None].double(), "none")
    ours = gaussian_kl(0 * s[:, None], s[:, None], "none")
    torch.testing.assert_close(ours.double(), exact, rtol=1e-3, atol=0)


@pytest.mark.parametrize("T", [0.5, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("alpha", [0.0, 0.3, 1.0])
def test_distillation_is_its_formula(T, alpha):
    z, v = draw(6, 5).requires_grad_(), draw(6, 5, seed=1).requires_grad_()
    y = torch.tensor([0, 1, 2, 3, 4, 0])
    ours = distillation_loss(z, v, y, T, alpha)
    p, q = (v.detach() / T).softmax(1), (z / T).softmax(1)
    kl = (p * (p / q).log()).sum(1)
    ce = -z.log_softmax(1)[torch.arange(6), y]
    formula = (alpha * T**2 * kl + (1 - alpha) * ce).mean()
    torch.testing.assert_close(ours, formula)
    (gradient,) = torch.autograd.grad(ours, z)
    one_hot = F.one_hot(y, 5)
    expected = alpha * T * (q - p) + (1 - alpha) * (z.softmax(1) - one_hot)
    torch.testing.assert_close(gradient, expected / 6)
    assert v.grad is None


def test_distillation_sends_nothing_to_the_teacher():
    z, v = draw(6, 5).requires_grad_(), draw(6, 5, seed=1).requires_grad_()
    distillation_loss(z, v, torch.zeros(6, dtype=torch.long)).backward()
    assert z.grad is not None and v.grad is None


def test_distillation_tends_to_matching_centred_logits():
    z, v = draw(6, 5), draw(6, 5, seed=1)
    gap = z - v - (z - v).mean(1, keepdim=True)
    loss = distillation_loss(z, v, torch.zeros(6, dtype=torch.long), 1e4, 1.0)
    torch.testing.assert_close(loss, gap.square().mean() / 2, rtol=1e-3, atol=0)


# What every one of them must do


@pytest.mark.parametrize("loss", PAIRS)
def test_reductions(loss):
    a, b = draw(4, 3, 5), draw(4, 3, 5, seed=1)
    each = loss(a, b, "none")
    assert each.shape == (4, 3)
    torch.testing.assert_close(loss(a, b), each.sum() / 12)
    torch.testing.assert_close(loss(a, b, "sum"), each.sum())
    with pytest.raises(ValueError, match="reduction must be .* got 'batchmean'"):
        loss(a, b, "batchmean")


@pytest.mark.parametrize("shapes", [((4, 5), (5,)), ((4, 5), (4, 1)), ((), ())])
@pytest.mark.parametrize("loss", PAIRS)
def test_refuses_other_shapes(loss, shapes):
    with pytest.raises(ValueError, match="must have the same shape .* got"):
        loss(torch.zeros(shapes[0]), torch.zeros(shapes[1]))


@pytest.mark.parametrize("loss", PAIRS)
def test_gradcheck(loss):
    a, b = draw(3, 4).requires_grad_(), draw(3, 4, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(loss, (a, b))


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("loss", DIVERGENCES)
def test_finite_at_every_logit(loss, dtype):
    huge = torch.finfo(dtype).max / 16
    a = torch.tensor([[huge, -huge, 0.0], [1.0, 2.0, 3.0]], dtype=dtype)
    b = torch.tensor([[-huge, huge, 0.0], [-1e4, 1e4, 0.0]], dtype=dtype)
    a.requires_grad_(), b.requires_grad_()
    value = loss(a, b, "none")
    value.sum().backward()
    for tensor in (value, a.grad, b.grad):
        assert tensor.isfinite().all()
    if loss is jensen_shannon:
        assert value[0].item() == pytest.approx(math.log(2))


def test_gaussian_kl_at_extreme_log_variances():
    s = torch.tensor([[-6e4], [-100.0], [88.0], [89.0]], requires_grad=True)
    value = gaussian_kl(torch.zeros(4, 1), s, "none")
    value[:3].sum().backward()
    assert value[:3].isfinite().all() and value[3].isinf()
    assert s.grad[:3].isfinite().all()


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("loss", [*PAIRS, None])
def test_half_precision_is_computed_in_float32(loss, dtype):
    if loss is None:

        def loss(a, b):
            return distillation_loss(a, b, torch.tensor([0, 1, 2, 3]))

    a, b = draw(4, 5).to(dtype), draw(4, 5, seed=1).to(dtype)
    value = loss(a, b)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, loss(a.float(), b.float()))
    assert loss(a.double(), b).dtype == torch.float64


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((draw(4, 5), draw(4, 6), torch.zeros(4).long()), r"\(4, 5\) and \(4, 6\)"),
        ((draw(4), draw(4), torch.zeros(4).long()), r"\(4,\) and \(4,\)"),
        ((draw(4, 5), draw(4, 5), torch.zeros(4, 5)), r"\(N,\) = \(4,\), got \(4, 5\)"),
        ((draw(4, 5), draw(4, 5), torch.zeros(4).long(), 0.0), "temperature .* 0.0"),
        (
            (draw(4, 5), draw(4, 5), torch.zeros(4).long(), math.inf),
            "temperature .*inf",
        ),
        ((draw(4, 5), draw(4, 5), torch.zeros(4).long(), 2, 1.5), "alpha .* got 1.5"),
        ((draw(4, 5), draw(4, 5), torch.zeros(4).long(), 2, 1, "x"), "got 'x'"),
    ],
)
def test_distillation_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        distillation_loss(*arguments)


def test_distillation_reductions():
    z, v, y = draw(4, 5), draw(4, 5, seed=1), torch.tensor([0, 1, 2, 3])
    each = distillation_loss(z, v, y, reduction="none")
    assert each.shape == (4,)
    torch.testing.assert_close(distillation_loss(z, v, y), each.mean())
    torch.testing.assert_close(distillation_loss(z, v, y, reduction="sum"), each.sum())


# What torch does, as the page says


def test_a_finite_mask_works_where_infinity_does_not():
    p = torch.tensor([[1.0, 0.0]])
    for mask, finite in ((-math.inf, False), (-1e9, True)):
        z = torch.tensor([[0.0, mask]], requires_grad=True)
        loss = F.kl_div(z.log_softmax(1), p, reduction="batchmean")
        loss.backward()
        assert loss.isfinite() == finite and z.grad.isfinite().all()
        assert F.cross_entropy(z, p).isfinite() == finite


def test_softmax_underflows_at_a_gap_of_104():
    gaps = torch.tensor([[0.0, -103.0], [0.0, -104.0]])
    assert gaps.softmax(1).log()[:, 1].isinf().tolist() == [False, True]


# What figures and tables show


def test_forward_fit_has_the_moments_of_the_target():
    share = modes.SHARE.double()
    mean = (share * modes.MODES).sum().item()
    variance = modes.SD**2 + (share * (modes.MODES - mean) ** 2).sum().item()
    fit = modes._fit(reverse=False)
    assert fit[0] == pytest.approx(mean, abs=1e-3)
    assert fit[1] == pytest.approx(math.sqrt(variance), abs=2e-3)


def test_reverse_fit_takes_the_mode_where_it_starts():
    for start, mode in ((-2.0, -2.5), (2.0, 2.5)):
        mean, sd, _ = modes._fit(reverse=True, start=start)
        assert mean == pytest.approx(mode, abs=0.01)
        assert sd == pytest.approx(0.7, abs=0.01)


def test_misuse_shows_what_its_formulas_say():
    fits = {name: misuse._fit(call) for name, call in misuse.CALLS.items()}
    right, probs, logits, _, log_target, nan = fits.values()
    torch.testing.assert_close(right[2], misuse.P[0], atol=0.01, rtol=0)
    assert probs[2].max() > 0.99 and probs[1] < probs[0] < 0
    assert logits[1] < -10
    assert log_target[1] < log_target[0]
    assert math.isnan(nan[0])


def test_temperature_figure():
    soft, hard = temperature._gradient_norms()
    assert soft[0] == pytest.approx(0.9, abs=0.05)
    assert all(1.2 < s < 1.35 for s in soft[2:])
    assert soft[-1] / 64 == pytest.approx(0.02, abs=0.001)
    assert hard == pytest.approx(1.13, abs=0.01)


def test_a_teacher_helps_and_the_square_matters():
    labels, both, without, mean = (
        students._accuracy(*arguments).mean().item()
        for arguments in (
            (1.0, 0.0),
            (4.0, 0.5),
            (4.0, 0.5, 1 / 16),
            (4.0, 0.5, 1 / 8),
        )
    )
    assert labels < without < mean < both
    for scale in (without, mean):
        assert 0.3 < (both - scale) / (both - labels) < 0.65


def test_the_students_teacher_is_the_true_posterior():
    x, y, teacher = students._draw(20000 // students.SEEDS, torch.manual_seed(0))
    p = teacher.softmax(-1)
    assert (teacher.argmax(-1) == y).float().mean().item() == pytest.approx(
        p.amax(-1).mean().item(), abs=0.01
    )


def test_the_slider_draws_the_softened_teacher():
    figure = softened.figure()
    values = sliders.curves(figure.axes[0])
    assert tuple(values) == softened.TEMPERATURES
    logits, digit = softened._logits()
    order = [int(label.get_text()) for label in figure.axes[0].get_xticklabels()]
    assert digit == 3 and order[:4] == [3, 9, 5, 8] and sorted(order) == list(range(10))
    texts = sliders.labels(figure.axes[1])
    for t, (_, p) in values.items():
        oracle = np.exp(logits.double().numpy() / t)
        oracle = torch.from_numpy(oracle / oracle.sum())[order]
        torch.testing.assert_close(p, oracle, rtol=1e-4, atol=1e-6)
        assert (p.diff() <= 0).all() and p.sum().item() == pytest.approx(1)
        assert texts[f"{t:g}"] == f"{entropy(oracle):.2f}"
    said = {1: (0.96, 0.03), 4: (0.51, 0.22, 0.08, 0.08), 20: (0.16, 0.14)}
    for t, first in said.items():
        assert values[t][1][: len(first)].tolist() == pytest.approx(first, abs=0.01)
    assert values[20][1][-1] == pytest.approx(0.05, abs=0.01)
    warm = [softened._entropy(logits, t) for t in (1, 20)]
    assert warm == pytest.approx([0.16, 2.25], abs=0.02)


def test_the_teacher_has_not_learned_from_the_digit():
    """Nor can it be one of many copies: the row is beyond the first 1000."""
    from sklearn.datasets import load_digits

    images, labels = load_digits(return_X_y=True)
    assert softened.SHOWN >= 1000 and labels[softened.SHOWN] == 3
    assert not (images[:1000] == images[softened.SHOWN]).all(1).any()
