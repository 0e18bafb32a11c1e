"""The ordinal losses against slow loops, torch and exact distributions."""

import math
import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.losses.ordinal import baselines, thresholds
from snippets.losses.ordinal.coral_loss import coral_loss
from snippets.losses.ordinal.corn_loss import corn_loss
from snippets.losses.ordinal.ordinal_label import ordinal_label

LOSSES = [coral_loss, corn_loss]
HALVES = [torch.bfloat16, torch.float16]
z = st.floats(-20, 20, allow_subnormal=False)
samples = st.lists(st.tuples(z, z, z, z, st.integers(0, 4)), min_size=1, max_size=8)
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def log_sigmoid(value):
    return (
        -math.log1p(math.exp(-value))
        if value > 0
        else value - math.log1p(math.exp(value))
    )


def slow(rows, conditional):
    """The published sums, a question at a time: values, gradients, questions."""
    values, gradients, questions = [], [], 0
    for *logits, label in rows:
        value, gradient = 0.0, [0.0] * len(logits)
        for k, logit in enumerate(logits):
            if conditional and not label > k - 1:
                continue
            questions += 1
            value -= log_sigmoid(logit) if label > k else log_sigmoid(-logit)
            gradient[k] = math.exp(log_sigmoid(logit)) - (label > k)
        values.append(value)
        gradients.append(gradient)
    return values, gradients, questions


@few
@given(samples)
@pytest.mark.parametrize("loss", LOSSES)
def test_it_is_the_published_formula(loss, rows):
    table = torch.tensor(rows, dtype=torch.float64)
    logits, target = table[:, :4].clone().requires_grad_(), table[:, 4].long()
    values, gradients, questions = slow(rows, loss is corn_loss)
    each = loss(logits, target, "none")
    each.sum().backward()
    close = {"rtol": 1e-9, "atol": 1e-9}
    torch.testing.assert_close(each, torch.tensor(values, dtype=torch.float64), **close)
    torch.testing.assert_close(
        logits.grad, torch.tensor(gradients, dtype=torch.float64), **close
    )
    total = torch.tensor(sum(values), dtype=torch.float64)
    torch.testing.assert_close(loss(logits, target, "sum"), total, **close)
    divisor = questions if loss is corn_loss else len(rows)
    torch.testing.assert_close(loss(logits, target), total / divisor, **close)


@few
@given(samples)
def test_corn_is_the_likelihood_of_the_decoded_distribution(rows):
    table = torch.tensor(rows, dtype=torch.float64)
    logits, target = table[:, :4] / 4, table[:, 4].long()
    label, above = ordinal_label(logits, conditional=True)
    one, zero = torch.ones(len(rows), 1), torch.zeros(len(rows), 1)
    each = torch.cat([one, above], 1) - torch.cat([above, zero], 1)
    oracle = F.nll_loss(each.log(), target, reduction="none")
    torch.testing.assert_close(corn_loss(logits, target, "none"), oracle)
    # the label is the median: at least half of the distribution on either side
    for i in range(len(rows)):
        assert each[i, : label[i] + 1].sum() >= 0.5 - 1e-12
        assert each[i, label[i] :].sum() >= 0.5 - 1e-12


def test_the_values_of_coral_pytorchs_documentation():
    logits = torch.tensor(
        [[2.1, 1.8, -2.1, -1.8], [1.9, -1.0, -1.5, -1.3], [1.9, 1.8, 1.7, 1.6]]
    )
    target = torch.tensor([2, 1, 4])
    assert coral_loss(logits, target).item() == pytest.approx(0.6920, abs=5e-5)
    generator = torch.manual_seed(123)
    inputs = torch.rand(8, 99, generator=generator)
    target = torch.tensor([0, 1, 2, 2, 2, 3, 4, 4])
    logits = nn.Linear(99, 4)(inputs)
    assert corn_loss(logits, target).item() == pytest.approx(0.7127, abs=5e-5)
    copied = corn_loss(logits, target, "sum") / 5
    assert copied.item() == pytest.approx(3.4210, abs=5e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_two_classes_are_binary_cross_entropy(loss):
    logits, target = torch.randn(9, 1), torch.arange(9) % 2
    for reduction in ("mean", "sum", "none"):
        oracle = F.binary_cross_entropy_with_logits(
            logits[:, 0], target.float(), reduction=reduction
        )
        torch.testing.assert_close(loss(logits, target, reduction), oracle)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_extreme_logits(loss, dtype):
    logits = torch.tensor([[6e4, -6e4, 100.0, -100.0]] * 5, dtype=dtype)
    logits.requires_grad_()
    each = loss(logits, torch.arange(5), "none")
    each.sum().backward()
    assert each.dtype == torch.float32 and each.isfinite().all()
    assert logits.grad.dtype == dtype and logits.grad.abs().max() <= 5
    assert logits.grad.isfinite().all()
    exact = loss(logits.double(), torch.arange(5), "none")
    torch.testing.assert_close(each.double(), exact, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("loss", LOSSES)
def test_gradcheck(loss):
    logits = torch.randn(7, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda v: loss(v, torch.arange(7) % 5), logits)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize(
    "logits, target, message",
    [
        ((8, 4), torch.zeros(8, 1, dtype=torch.long), r"\(8, 4\) and \(8, 1\)"),
        ((8,), torch.zeros(8, dtype=torch.long), r"\(8,\) and \(8,\)"),
        ((8, 4), torch.zeros(1, dtype=torch.long), r"\(8, 4\) and \(1,\)"),
        ((3, 4), torch.tensor([1, 2, 5]), "from 0 to 4 for 4 logits, got 1 to 5"),
        ((3, 4), torch.tensor([-1, 2, 4]), "from 0 to 4 for 4 logits, got -1 to 4"),
        ((3, 4), torch.zeros(3), "integer labels, got torch.float32"),
    ],
)
def test_refuses(loss, logits, target, message):
    with pytest.raises(ValueError, match=message):
        loss(torch.zeros(logits), target)
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(torch.zeros(2, 4), torch.zeros(2, dtype=torch.long), "avg")


@pytest.mark.parametrize("loss", LOSSES)
def test_integer_dtypes_and_empty_batches(loss):
    logits, target = torch.randn(5, 4), torch.arange(5)
    for dtype in (torch.uint8, torch.int32):
        assert loss(logits, target.to(dtype)) == loss(logits, target)
    assert loss(logits[:0], target[:0]).isnan()
    assert loss(logits[:0], target[:0], "sum") == 0


def test_labels():
    logits = torch.tensor([[3.0, 1.0, -1.0, -2.0], [-1.0, -2.0, -3.0, -4.0]])
    label, above = ordinal_label(logits)
    assert label.tolist() == [2, 0]
    torch.testing.assert_close(above, logits.sigmoid())
    label, above = ordinal_label(torch.full((2, 3, 4), 9.0), conditional=True)
    assert label.tolist() == [[4] * 3] * 2
    extreme = torch.tensor([[-6e4, 6e4, 6e4]], dtype=torch.float16)
    label, above = ordinal_label(extreme, conditional=True)
    assert label == 0 and above.dtype == torch.float32 and above.isfinite().all()
    with pytest.raises(ValueError, match="logits must have shape"):
        ordinal_label(torch.tensor(0.0))


# What the figure and the table show


def gap(kind, a, b, which=0):
    found = baselines._measure(kind)
    values = found[a][which] - found[b][which]
    return values.mean().item(), 2.36 * values.std().item() / baselines.SEEDS**0.5


def test_the_median_lowers_the_error_of_cross_entropy():
    for kind, stated in ("even", 0.06), ("uneven", 0.02):
        mean, half = gap(kind, "cross-entropy, argmax", "cross-entropy, median")
        assert mean == pytest.approx(stated, abs=0.006) and mean > half
        mean, half = gap(kind, "cross-entropy, argmax", "cross-entropy, median", 1)
        assert mean < half


def test_decoded_so_cross_entropy_is_as_good():
    for kind in ("even", "uneven"):
        for other in ("CORAL", "CORN"):
            mean, half = gap(kind, "cross-entropy, median", other)
            assert abs(mean) < half


def test_mse_is_behind_on_uneven_labels_only():
    mean, half = gap("even", "MSE, rounded", "CORN")
    assert mean < half
    mean, half = gap("uneven", "MSE, rounded", "CORN")
    assert mean > half
    mean, half = gap("uneven", "MSE, rounded", "CORN", 1)
    assert mean < -half


def test_biases_in_steps_cost():
    mean, half = gap("uneven", "CORAL, biases in steps", "CORAL")
    assert mean > half


def test_only_own_weights_contradict_themselves():
    for kind, stated in ("even", 0.013), ("uneven", 0.16):
        for name, (_, _, crossed) in baselines._measure(kind).items():
            share = crossed.mean().item()
            assert share == pytest.approx(stated * ("own" in name), abs=5e-3)


def test_label_3_is_never_the_most_probable():
    bottom = thresholds.figure().axes[1]
    curves = torch.tensor([line.get_ydata().tolist() for line in bottom.lines])
    torch.testing.assert_close(curves.sum(0), torch.ones(49))
    assert sorted(set(curves.argmax(0).tolist())) == [0, 1, 2, 4]


def test_table_is_rectangular():
    rows = baselines.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1
    assert len(re.findall("±", rows[-1])) == 4
