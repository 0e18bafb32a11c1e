"""Calibration against torch, scikit-learn, SciPy, closed forms and slow loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from sklearn.metrics import brier_score_loss
from torch.nn import functional as F

from snippets.losses.calibration import (
    curves,
    ece_bias,
    measured,
    reliability,
    smoothing_floor,
)
from snippets.losses.calibration.brier_score import brier_score
from snippets.losses.calibration.expected_calibration_error import (
    expected_calibration_error,
)
from snippets.losses.calibration.fit_temperature import fit_temperature
from snippets.losses.calibration.label_smoothing import label_smoothing
from tests import sliders

few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**31)


def sample(seed, n=40, classes=4, scale=3.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(n, classes, generator=generator, dtype=dtype)
    return logits, torch.randint(classes, (n,), generator=generator)


# Label smoothing


@few
@given(seeds, st.integers(2, 7), st.floats(0, 1), st.sampled_from(["mean", "sum"]))
def test_label_smoothing_is_torchs(seed, classes, epsilon, reduction):
    logits, target = sample(seed, classes=classes)
    target[::3] = -100
    for others in False, True:
        # the other convention in torch: a one-hot target mixed by hand
        hard = F.one_hot(target.clamp(min=0), classes).double()
        rest = (1 - hard) / (classes - 1) if others else torch.ones(()) / classes
        soft = (1 - epsilon) * hard + epsilon * rest
        theirs = logits.clone().requires_grad_()
        kept = target != -100
        oracle = F.cross_entropy(theirs[kept], soft[kept], reduction=reduction)
        ours = logits.clone().requires_grad_()
        loss = label_smoothing(ours, target, epsilon, others, reduction=reduction)
        torch.testing.assert_close(loss, oracle)
        torch.testing.assert_close(
            torch.autograd.grad(loss, ours), torch.autograd.grad(oracle, theirs)
        )
    built_in = F.cross_entropy(
        logits, target, label_smoothing=epsilon, reduction=reduction
    )
    torch.testing.assert_close(
        label_smoothing(logits, target, epsilon, reduction=reduction), built_in
    )


@pytest.mark.parametrize("classes", [2, 3, 10, 1000])
def test_the_two_conventions_are_one_family(classes):
    logits, target = sample(0, n=6, classes=classes)
    for epsilon in 0.05, 0.1, 0.3:
        others = epsilon * (classes - 1) / classes
        torch.testing.assert_close(
            label_smoothing(logits, target, others, others=True),
            F.cross_entropy(logits, target, label_smoothing=epsilon),
        )


def test_label_smoothing_of_images_and_another_ignored_index():
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 3, 4, 5, generator=generator)
    target = torch.randint(3, (2, 4, 5), generator=generator)
    target[0, 0] = 255
    options = {"ignore_index": 255, "reduction": "none"}
    torch.testing.assert_close(
        label_smoothing(logits, target, 0.2, **options),
        F.cross_entropy(logits, target, label_smoothing=0.2, **options),
    )
    target[0, 0] = 1
    options["ignore_index"] = 1
    torch.testing.assert_close(
        label_smoothing(logits, target, 0.2, **options),
        F.cross_entropy(logits, target, label_smoothing=0.2, **options),
    )


def test_label_smoothing_without_targets():
    nothing = torch.full((3,), -100)
    assert label_smoothing(torch.zeros(3, 2), nothing).isnan()
    assert label_smoothing(torch.zeros(3, 2), nothing, reduction="sum") == 0
    assert label_smoothing(torch.zeros(0, 2), nothing[:0]).isnan()


def test_gradcheck():
    logits, target = sample(1, n=6)
    target[2] = -100
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: label_smoothing(z, target, 0.2), logits)
    target[2] = 0
    assert torch.autograd.gradcheck(lambda z: brier_score(z.softmax(1), target), logits)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_label_smoothing_at_extreme_logits(dtype):
    huge = torch.finfo(dtype).max / 4
    logits = torch.tensor([[huge, 0, -huge], [0, -30, 30], [0, 0, 0]], dtype=dtype)
    logits.requires_grad_()
    target = torch.tensor([0, 1, 2])
    loss = label_smoothing(logits, target, reduction="none")
    loss.sum().backward()
    assert loss.dtype == torch.float32
    assert loss.isfinite().all() and logits.grad.isfinite().all()
    torch.testing.assert_close(
        loss,
        F.cross_entropy(logits.float(), target, label_smoothing=0.1, reduction="none"),
    )


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_lead_and_floor_are_the_closed_forms(classes):
    row = next(
        row
        for row in smoothing_floor.table().replace("1 000", "1000").splitlines()
        if row.startswith(f"| {classes} ")
    )
    true, _, lead, least = (float(cell) for cell in row.split("|")[2:-1])
    q = torch.full((classes,), 0.1 / classes, dtype=torch.float64)
    q[0] += 0.9
    assert true == pytest.approx(q[0].item(), abs=1e-4)
    assert lead == pytest.approx(math.log(1 + classes * 9), abs=0.01)
    entropy = torch.distributions.Categorical(q).entropy().item()
    assert least == pytest.approx(entropy, abs=1e-3)


def test_class_weights_move_the_smoothed_minimum():
    """Where a weight passes exp(lead), one sample's optimum is another class."""
    for classes in 2, 10:
        turn = 1 + classes * 9
        q = torch.full((classes,), 0.1 / classes, dtype=torch.float64)
        q[0] += 0.9
        for factor, right in (0.99, True), (1.01, False):
            weight = torch.ones(classes, dtype=torch.float64)
            weight[1] = factor * turn
            best = weight * q / (weight * q).sum()
            z = best.log()[None].requires_grad_()
            target = torch.tensor([0])
            F.cross_entropy(z, target, weight, label_smoothing=0.1).backward()
            assert z.grad.abs().max() < 1e-9  # convex: this is the minimum
            assert (best.argmax() == 0) == right


# Temperature


@few
@given(seeds, st.integers(2, 6), st.floats(0.01, 100))
def test_temperature_is_the_minimum(seed, classes, scale):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(300, classes, generator=generator).double()
    target = scores.softmax(1).multinomial(1, generator=generator)[:, 0]
    logits = scale * scores
    ours = fit_temperature(logits, target)

    def loss(log_t: float) -> float:
        return F.cross_entropy(logits / math.exp(log_t), target).item()

    around = math.log(scale)
    best = minimize_scalar(
        loss, bounds=(around - 4, around + 8), method="bounded", options={"xatol": 1e-9}
    )
    assert ours == pytest.approx(math.exp(best.x), rel=1e-4)
    t = torch.tensor(ours, dtype=torch.float64, requires_grad=True)
    F.cross_entropy(logits / t, target).backward()
    assert abs(t.grad.item() * ours) < 1e-9


@few
@given(seeds, st.floats(1e-3, 1e3), st.floats(-50, 50))
def test_temperature_scales_and_does_not_see_a_shift(seed, scale, shift):
    logits, _ = sample(seed, n=100)
    generator = torch.Generator().manual_seed(seed)
    target = (logits / 2).softmax(1).multinomial(1, generator=generator)[:, 0]
    base = fit_temperature(logits, target)
    assert fit_temperature(scale * logits + shift, target) == pytest.approx(
        scale * base, rel=1e-6
    )
    assert fit_temperature(logits.log_softmax(1), target) == pytest.approx(base)
    assert (logits / base).argmax(1).equal(logits.argmax(1))


def test_temperature_of_one_mistake_among_many():
    # n - 1 right, one wrong, lead 10: p = 1 - 1 / n at the optimum
    n = 10_000
    logits = torch.zeros(n, 2)
    logits[:, 0] = 10.0
    target = torch.zeros(n, dtype=torch.int32)
    target[0] = 1
    temperature = fit_temperature(logits, target)
    assert temperature == pytest.approx(10 / math.log(n - 1), rel=1e-6)
    half = fit_temperature(logits.half(), target)
    assert half == pytest.approx(temperature, rel=1e-6)


def test_temperature_takes_few_steps(monkeypatch):
    calls = []
    softmax = torch.Tensor.softmax
    monkeypatch.setattr(
        torch.Tensor, "softmax", lambda z, d: calls.append(1) or softmax(z, d)
    )
    logits, target = sample(0, n=500)
    target[:400] = logits.argmax(1)[:400]
    fit_temperature(logits, target)
    assert 3 < len(calls) < 15


@pytest.mark.parametrize(
    "logits, target, message",
    [
        (torch.zeros(3), torch.zeros(3, dtype=int), r"logits must be \(N, C\) .* \(3,"),
        (torch.zeros(3, 2), torch.zeros(3, 1, dtype=int), r"and \(3, 1\)"),
        (torch.zeros(0, 2), torch.zeros(0, dtype=int), r"N > 0"),
        (torch.randn(3, 2), torch.zeros(3), "class indices below 2"),
        (torch.randn(3, 2), torch.tensor([0, 1, 2]), "class indices below 2"),
        (torch.randn(3, 2), torch.tensor([0, 1, -100]), "class indices below 2"),
        (torch.tensor([[0.0, -torch.inf]]), torch.tensor([0]), "must be finite"),
        (torch.tensor([[0.3, 0.7]]), torch.tensor([0]), "got probabilities"),
        (torch.tensor([[0.0, 2.0]]), torch.tensor([1]), "every sample is right"),
        (torch.tensor([[2.0, 2.0]]), torch.tensor([1]), "every sample is right"),
        (torch.tensor([[0.0, 2.0]]), torch.tensor([0]), "uniform prediction"),
    ],
)
def test_temperature_refuses(logits, target, message):
    with pytest.raises(ValueError, match=message):
        fit_temperature(logits, target)


# Calibration error


def slow_ece(confidence, happened, edges):
    total = 0.0
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = [
            (c, h)
            for c, h in zip(confidence, happened, strict=True)
            if low < c <= high or (c == 0 and low == edges[0])
        ]
        if inside:
            said = sum(c for c, _ in inside) / len(inside)
            right = sum(h for _, h in inside) / len(inside)
            total += len(inside) / len(confidence) * abs(said - right)
    return total


@few
@given(seeds, st.integers(1, 20), st.integers(1, 60))
def test_ece_is_the_slow_loop(seed, bins, n):
    logits, target = sample(seed, n=n)
    probability = logits.softmax(1)
    confidence, predicted = probability.max(1)
    edges = [i / bins for i in range(bins + 1)]
    oracle = slow_ece(confidence.tolist(), (predicted == target).tolist(), edges)
    ours = expected_calibration_error(probability, target, bins)
    assert ours.item() == pytest.approx(oracle, abs=1e-12)
    event = probability[:, 1]
    oracle = slow_ece(event.tolist(), (target == 1).tolist(), edges)
    ours = expected_calibration_error(event, target == 1, bins)
    assert ours.item() == pytest.approx(oracle, abs=1e-12)


@few
@given(seeds, st.integers(1, 9), st.integers(1, 8))
def test_adaptive_bins_hold_equal_numbers(seed, bins, each):
    generator = torch.Generator().manual_seed(seed)
    n = bins * each
    confidence = torch.rand(n, generator=generator).double()
    happened = torch.randint(2, (n,), generator=generator)
    order = confidence.argsort()
    gap = (confidence - happened)[order].view(bins, each).sum(1).abs().sum() / n
    ours = expected_calibration_error(confidence, happened, bins, adaptive=True)
    torch.testing.assert_close(ours, gap)


def test_adaptive_bins_keep_ties_together():
    confidence = torch.full((100,), 0.7)
    happened = (torch.arange(100) < 70).long()
    for adaptive in False, True:
        ece = expected_calibration_error(confidence, happened, adaptive=adaptive)
        assert ece.item() == pytest.approx(0, abs=1e-7)
    lowest = torch.tensor([0.0, 0.02])  # one bin: their errors cancel
    ece = expected_calibration_error(lowest, torch.tensor([1, 0]))
    assert ece.item() == pytest.approx((1 - 0.02) / 2, abs=1e-6)
    three = torch.tensor([0.2, 0.2, 0.2, 0.9])  # more bins than samples, and ties
    ece = expected_calibration_error(three, torch.tensor([0, 0, 1, 1]), 7, True)
    assert ece.item() == pytest.approx((1 - 0.6 + 0.1) / 4, abs=1e-6)


def test_ece_at_the_ends_and_in_half_precision():
    probability = torch.tensor([0.0, 1.0, 1.0])
    assert expected_calibration_error(probability, torch.tensor([0, 1, 1])) == 0
    assert (
        expected_calibration_error(probability, torch.tensor([True, False, False])) == 1
    )
    logits, target = sample(0, classes=200, dtype=torch.float32)
    for dtype in torch.bfloat16, torch.float16:
        p = logits.softmax(1).to(dtype)
        exact = expected_calibration_error(p.double(), target)
        assert expected_calibration_error(p, target) == exact
        brier = brier_score(p, target)
        assert brier.dtype == torch.float32
        torch.testing.assert_close(brier, brier_score(p.float(), target))


# Brier score


@few
@given(seeds, st.integers(2, 6))
def test_brier_is_scikit_learns(seed, classes):
    logits, target = sample(seed, classes=classes)
    p = logits.softmax(1)
    labels = range(classes)
    oracle = brier_score_loss(target, p, labels=labels, scale_by_half=False)
    assert brier_score(p, target).item() == pytest.approx(oracle)
    event = brier_score_loss(target == 1, p[:, 1], labels=[False, True])
    assert brier_score(p[:, 1], target == 1).item() == pytest.approx(event)
    each = brier_score(p, target, "none")
    torch.testing.assert_close(each, ((p - F.one_hot(target, classes)) ** 2).sum(1))
    torch.testing.assert_close(brier_score(p, target, "sum"), each.sum())
    assert each.min() >= 0 and each.max() <= 2


def test_a_proper_score_is_least_at_the_truth():
    truth = torch.tensor([0.5, 0.3, 0.2])
    generator = torch.Generator().manual_seed(0)
    said = torch.rand(200, 3, generator=generator).softmax(1)
    said[0] = truth
    classes = torch.arange(3)
    cost = torch.stack(
        [(truth * brier_score(p.expand(3, 3), classes, "none")).sum() for p in said]
    )
    assert cost.argmin() == 0


METRICS = [expected_calibration_error, brier_score]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(
    "probability, target, message",
    [
        (torch.zeros(4, 1), torch.zeros(4, 1), r"\(N, C\) or \(N,\).*\(4, 1\)"),
        (torch.zeros(4), torch.zeros(3), r"\(4,\) and \(3,\)"),
        (torch.zeros(2, 3, 4), torch.zeros(2), r"\(2, 3, 4\)"),
        (torch.tensor([[3.0, -1.0]]), torch.tensor([0]), "from 0 to 1"),
        (torch.tensor([[0.3, torch.nan]]), torch.tensor([0]), "from 0 to 1"),
        (torch.tensor([[0.3, 0.3]]), torch.tensor([0]), "sum to 1"),
        (torch.tensor([[0.3, 0.3], [0.3, 0.7]]), torch.tensor([0, 0]), "sum to 1"),
        (torch.tensor([[0.3, 0.7]]), torch.tensor([2]), "whole numbers below 2"),
        (torch.tensor([[0.3, 0.7]]), torch.tensor([-100]), "whole numbers below 2"),
        (torch.tensor([0.3]), torch.tensor([0.5]), "whole numbers below 2"),
        (torch.tensor([[0.3, 0.7]] * 2), torch.tensor([0, 2]), "whole numbers below 2"),
        (torch.tensor([-0.5]), torch.tensor([0]), "from 0 to 1"),
    ],
)
def test_metrics_refuse(metric, probability, target, message):
    with pytest.raises(ValueError, match=message):
        metric(probability, target)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda z, y: label_smoothing(z, y[:1]), r"target \(N, \*\), got \(2, 3\)"),
        (lambda z, y: label_smoothing(z[0], y), r"got \(3,\)"),
        (lambda z, y: label_smoothing(z[:, :1], y), "at least two classes, got 1"),
        (lambda z, y: label_smoothing(z, y, 1.5), "epsilon .* got 1.5"),
        (lambda z, y: label_smoothing(z, y, -0.1), "epsilon .* got -0.1"),
        (lambda z, y: label_smoothing(z, y.float()), "int64, got torch.float32"),
        (lambda z, y: label_smoothing(z, y + 2), "from 0 to 2 or -100"),
        (lambda z, y: label_smoothing(z, y - 1), "from 0 to 2 or -100"),
        (lambda z, y: label_smoothing(z, y, reduction="avg"), "got 'avg'"),
        (lambda z, y: brier_score(z.softmax(1), y, "avg"), "got 'avg'"),
        (lambda z, y: expected_calibration_error(z.softmax(1), y, 0), "2 and 0"),
        (lambda z, y: expected_calibration_error(z[:0], y[:0]), "0 and 15"),
    ],
)
def test_refuses_bad_values(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3), torch.tensor([0, 1]))


# What the figures and tables show


@pytest.fixture(scope="module")
def crossed():
    return {samples: measured._measure(samples) for samples in measured.SIZES}


def test_a_temperature_calibrates_and_no_epsilon_does(crossed):
    means = {samples: result.mean(1) for samples, (result, _) in crossed.items()}
    for samples, mean in means.items():
        assert ((mean[:, 3] > 0.025) & (mean[:, 3] < 0.045)).all()
        assert (mean[:, 5] - mean[:, 2]).abs().max() < 1e-3  # accuracy stays
        best = crossed[samples][1].mean(0)
        assert best[0] == pytest.approx(0.03, abs=0.003)
        assert best[2] == pytest.approx(0.82, abs=0.01)
    raw = torch.stack([mean[:, 0] for mean in means.values()])
    assert (raw.max(0).values > 0.085).all()  # no one epsilon at both sizes
    torch.testing.assert_close(
        raw[:, [0, -1]], torch.tensor([[0.20, 0.05], [0.11, 0.10]]), rtol=0, atol=0.012
    )
    assert raw[1].argmin() == 2


def test_what_smoothing_does_to_accuracy(crossed):
    for samples, lost in (100, 0.09), (500, 0.0):
        result = crossed[samples][0]
        paired = result[3, :, 2] - result[0, :, 2]
        half = 2.36 * paired.std() / measured.SEEDS**0.5
        assert paired.mean().item() == pytest.approx(-lost, abs=0.01)
        assert (paired.abs().mean() > half) if lost else (paired.mean().abs() < half)
    nll = crossed[100][0].mean(1)[:, 4]
    assert nll.argmin() == 0 and nll[3] - nll[0] > 0.15


def test_the_reliability_shown():
    (_, fit, test), (_, fit_target, target), _ = measured._train(
        100, 150, [0.0], 1, 10_000
    )
    logits, target = test[0, 0], target[0]
    temperature = fit_temperature(fit[0, 0], fit_target[0])
    for t, ece in (1.0, 0.20), (temperature, 0.02):
        p = (logits / t).softmax(1)
        said, right, count = reliability._bins(p, target)
        assert count.sum() == 10_000
        gap = ((said - right).abs() * count / 10_000).nansum()
        ours = expected_calibration_error(p, target, reliability.BINS)
        assert gap.item() == pytest.approx(ours.item(), abs=1e-5)
        assert ours.item() == pytest.approx(ece, abs=0.005)
        if t == 1:
            some = count >= 30
            assert (right[some] < said[some]).all()
            assert count[-1] / 10_000 == pytest.approx(0.8, abs=0.02)


def test_the_bias_of_ece_falls_like_the_root_of_the_samples():
    few_samples, many = ece_bias._bias(100, 15), ece_bias._bias(1600, 15)
    assert few_samples / many == pytest.approx(4, rel=0.15)
    assert few_samples == pytest.approx(0.08, abs=0.01)
    assert ece_bias._bias(100, 50) > few_samples > ece_bias._bias(100, 5)


@pytest.mark.parametrize("module", [ece_bias, smoothing_floor])
def test_tables_are_rectangular(module, monkeypatch):
    monkeypatch.setattr(ece_bias, "REPEATS", 5)
    rows = module.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1


def test_the_slider_draws_label_smoothing():
    figure = curves.figure()
    (values, slopes), texts = (
        map(sliders.curves, figure.axes),
        sliders.labels(figure.axes[0]),
    )
    assert tuple(values) == tuple(slopes) == curves.EPSILONS
    target = torch.zeros(1, dtype=torch.int64)
    for epsilon, (lead, value) in values.items():

        def torchs(z, epsilon=epsilon):
            logits = F.pad(torch.as_tensor(z, dtype=torch.float64).view(1, 1), (0, 9))
            return F.cross_entropy(logits, target, label_smoothing=epsilon).item()

        oracle = torch.tensor([torchs(z) for z in lead], dtype=torch.float64)
        torch.testing.assert_close(value, oracle, rtol=1e-5, atol=1e-5)
        slope = slopes[epsilon][1]
        if epsilon:
            best = minimize_scalar(torchs, bounds=(0, 12), method="bounded")
            assert (
                texts[f"{epsilon:g}"] == f"{epsilon:g}: {best.fun:.2f} at {best.x:.1f}"
            )
            assert (slope[lead > best.x] > 0).all() and (slope[lead < best.x] < 0).all()
        else:
            assert (slope < 0).all()
    shown = [texts[e] for e in ("0.02", "0.1", "0.3")]
    assert shown == ["0.02: 0.13 at 6.2", "0.1: 0.50 at 4.5", "0.3: 1.18 at 3.2"]
