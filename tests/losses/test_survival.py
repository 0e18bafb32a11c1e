"""Survival losses against slow sums over risk sets and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets.losses.survival import censoring
from snippets.losses.survival.concordance_index import concordance_index
from snippets.losses.survival.cox_loss import cox_loss
from snippets.losses.survival.discrete_time_loss import discrete_time_loss

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
subjects = st.lists(
    st.tuples(st.floats(-5, 5), st.integers(0, 4), st.integers(0, 1)),
    min_size=1,
    max_size=9,
)


def tensors(rows):
    z, time, event = zip(*rows, strict=True)
    return torch.tensor(z, dtype=torch.float64), torch.tensor(time), torch.tensor(event)


def slow_cox(z, time, event):
    """Each event against all whose time is not earlier; ties by Breslow."""
    terms = [
        torch.logsumexp(z[time >= time[i]], 0) - z[i] if event[i] else z[i] * 0
        for i in range(len(z))
    ]
    return torch.stack(terms)


@few
@given(subjects)
def test_cox_is_the_sum_over_risk_sets(rows):
    z, time, event = tensors(rows)
    ours, slow = (z.clone().requires_grad_() for _ in range(2))
    a, b = cox_loss(ours, time, event, "none"), slow_cox(slow, time, event)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(
        torch.autograd.grad(a.sum(), ours), torch.autograd.grad(b.sum(), slow)
    )
    torch.testing.assert_close(cox_loss(z, time, event, "sum"), b.sum().detach())
    n = max(1, int(event.sum()))
    torch.testing.assert_close(cox_loss(z, time, event), b.sum().detach() / n)


def test_cox_without_events_is_0_and_has_no_gradient():
    z = torch.randn(4, requires_grad=True)
    loss = cox_loss(z, torch.arange(4), torch.zeros(4))
    (slope,) = torch.autograd.grad(loss, z)
    assert loss == 0 and not slope.any()
    assert cox_loss(z[:0], torch.zeros(0), torch.zeros(0)) == 0


def slow_discrete(z, interval, event):
    losses = []
    for row, last, happened in zip(z, interval, event, strict=True):
        hazard = row.sigmoid()
        p = torch.ones((), dtype=z.dtype)
        for k in range(int(last) + 1):
            here = happened and k == last
            p = p * (hazard[k] if here else 1 - hazard[k])
        losses.append(-p.log())
    return torch.stack(losses)


@few
@given(subjects)
def test_discrete_time_is_minus_the_log_of_the_product(rows):
    z, interval, event = tensors(rows)
    logits = z[:, None] + torch.linspace(-1, 1, 5, dtype=torch.float64)
    ours, slow = (logits.clone().requires_grad_() for _ in range(2))
    a = discrete_time_loss(ours, interval, event, "none")
    b = slow_discrete(slow, interval, event)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(
        torch.autograd.grad(a.sum(), ours), torch.autograd.grad(b.sum(), slow)
    )
    assert discrete_time_loss(logits, interval, event).isclose(b.mean())
    assert discrete_time_loss(logits, interval, event, "sum").isclose(b.sum())


def test_the_distribution_over_intervals_sums_to_one():
    z = torch.randn(1, 4, dtype=torch.float64).expand(5, 4)
    # The event in each interval, or beyond the last.
    interval, event = torch.tensor([0, 1, 2, 3, 3]), torch.tensor([1, 1, 1, 1, 0])
    loss = discrete_time_loss(z, interval, event, "none")
    torch.testing.assert_close((-loss).exp().sum(), torch.ones((), dtype=z.dtype))


@few
@given(subjects)
def test_concordance_is_the_share_of_pairs(rows):
    risk, time, event = tensors(rows)
    score = [
        float(risk[i] > risk[j]) + float(risk[i] == risk[j]) / 2
        for i in range(len(risk))
        for j in range(len(risk))
        if event[i] and time[i] < time[j]
    ]
    found = concordance_index(risk, time, event).item()
    expected = sum(score) / len(score) if score else math.nan
    assert found == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_extreme_input_stays_finite(dtype):
    size = 6e4 if dtype == torch.float16 else 1e5
    z = torch.tensor([size, -size, 0.0, size], dtype=dtype, requires_grad=True)
    time, event = torch.tensor([1.0, 2.0, 2.0, 3.0]), torch.tensor([1, 1, 0, 1])
    for loss in (
        cox_loss(z, time, event),
        discrete_time_loss(z.expand(2, 4), torch.tensor([3, 1]), event[:2]),
    ):
        (slope,) = torch.autograd.grad(loss, z)
        assert loss.isfinite() and slope.isfinite().all()
        assert loss.dtype == torch.float32


def test_gradcheck():
    z = torch.randn(6, dtype=torch.float64, requires_grad=True)
    time, event = torch.tensor([1, 2, 2, 3, 5, 5]), torch.tensor([1, 0, 1, 1, 0, 1])
    assert torch.autograd.gradcheck(lambda z: cox_loss(z, time, event), z)
    grid = torch.randn(6, 7, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda z: discrete_time_loss(z, time, event), grid)


@pytest.mark.parametrize(
    "call,message",
    [
        (
            lambda: cox_loss(torch.zeros(3, 1), torch.zeros(3), torch.zeros(3)),
            r"\(3, 1\)",
        ),
        (lambda: cox_loss(*torch.full((3, 4), 2.0)), "event must be 0 or 1"),
        (lambda: cox_loss(*torch.zeros(3, 4), "avg"), "reduction must be"),
        (
            lambda: discrete_time_loss(torch.zeros(3), *torch.zeros(2, 3).long()),
            r"logits must be \(N, T\)",
        ),
        (
            lambda: discrete_time_loss(torch.zeros(3, 2), *torch.full((2, 3), 2)),
            "from 0 to 1, got 2 to 2",
        ),
        (
            lambda: discrete_time_loss(torch.zeros(3, 2), *torch.zeros(2, 3)),
            "interval must be of an integer dtype, got torch.float32",
        ),
        (
            lambda: discrete_time_loss(
                torch.zeros(1, 2), torch.ones(1).long(), torch.ones(1) * 2
            ),
            "event must be 0 or 1",
        ),
        (
            lambda: discrete_time_loss(
                torch.zeros(1, 2), *torch.ones(2, 1).long(), "avg"
            ),
            "reduction must be",
        ),
        (
            lambda: concordance_index(
                torch.zeros(3, 1), torch.zeros(3), torch.zeros(3)
            ),
            "must have one shape",
        ),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_figure_shows_what_its_text_says():
    share, found = censoring._estimates(4.0)
    assert share > 0.6
    means = {name: values.mean().item() for name, values in found.items()}
    assert means["Cox, all subjects"] == pytest.approx(1, abs=0.1)
    assert means["censored dropped"] < 0.5 and means["censored as events"] < 0.5
    none, found = censoring._estimates(0.0)
    assert none == 0
    for values in found.values():
        assert values.mean().item() == pytest.approx(1, abs=0.05)
