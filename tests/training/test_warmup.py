"""Warm-up and decay: the three snippets against their formulas, and the page's claims."""

import math
from functools import partial

import pytest
import torch
from torch.optim import SGD
from torch.optim import lr_scheduler as ls

from snippets.training.schedules.lr_trace import lr_trace
from snippets.training.warmup import (
    decay_or_not,
    schedule_length,
    shapes,
    warmup_or_not,
)
from snippets.training.warmup.inverse_sqrt import inverse_sqrt
from snippets.training.warmup.warmup_cosine import warmup_cosine
from snippets.training.warmup.warmup_decay import warmup_decay
from tests import sliders


def nanogpt(it, warmup, total, lr, low):
    """`get_lr` of nanoGPT, written out."""
    if it < warmup:
        return lr * (it + 1) / (warmup + 1)
    if it > total:
        return low
    ratio = (it - warmup) / (total - warmup)
    return low + 0.5 * (1.0 + math.cos(math.pi * ratio)) * (lr - low)


@pytest.mark.parametrize("warmup", [0, 1, 10])
@pytest.mark.parametrize("floor", [0.0, 0.1, 1.0])
def test_warmup_cosine_is_nanogpts(warmup, floor):
    rates = lr_trace(lambda o: warmup_cosine(o, warmup, 50, floor), 80, lr=0.3)
    expected = [nanogpt(k, warmup, 50, 0.3, 0.3 * floor) for k in range(80)]
    assert rates == pytest.approx(expected, abs=1e-12)
    assert rates[0] > 0 and rates[49] > 0
    assert rates[warmup] == max(rates) == pytest.approx(0.3)
    assert rates[50:] == pytest.approx([0.3 * floor] * 30)


def test_warmup_cosine_keeps_the_ratio_of_groups():
    a, b = torch.nn.Parameter(torch.ones(1)), torch.nn.Parameter(torch.ones(1))
    o = SGD([{"params": [a], "lr": 0.1}, {"params": [b], "lr": 0.01}])
    s = warmup_cosine(o, 3, 20, 0.2)
    for _ in range(25):
        first, second = (group["lr"] for group in o.param_groups)
        assert first == pytest.approx(10 * second)
        o.step()
        s.step()
    assert s.get_last_lr() == pytest.approx([0.02, 0.002])


@pytest.mark.parametrize("shape", ["linear", "cosine", "sqrt"])
@pytest.mark.parametrize(("warmup", "decay"), [(0, 40), (5, None), (5, 12), (8, 0)])
def test_family(shape, warmup, decay):
    total, floor = 40, 0.05
    length = total - warmup if decay is None else decay
    form = {
        "linear": lambda p: 1 - p,
        "cosine": lambda p: math.cos(math.pi * p / 2) ** 2,
        "sqrt": lambda p: 1 - p**0.5,
    }[shape]
    for k in range(60):
        found = warmup_decay(k, warmup, total, decay, shape, floor)
        if k < warmup:
            expected = (k + 1) / (warmup + 1)
        elif length == 0 or k <= total - length:
            expected = 1.0
        elif k >= total:
            expected = floor
        else:
            p = (k - total + length) / length
            expected = floor + (1 - floor) * form(p)
        assert found == pytest.approx(expected, abs=1e-12), k


def test_family_contains_the_others():
    cosine = partial(warmup_decay, warmup=7, total=30, shape="cosine", floor=0.1)
    assert lr_trace(lambda o: ls.LambdaLR(o, cosine), 40) == pytest.approx(
        lr_trace(lambda o: warmup_cosine(o, 7, 30, 0.1), 40)
    )
    linear = partial(warmup_decay, warmup=0, total=30)
    assert lr_trace(lambda o: ls.LambdaLR(o, linear), 40) == pytest.approx(
        lr_trace(lambda o: ls.PolynomialLR(o, 30), 40), abs=1e-12
    )


def test_wsd_needs_its_end_late_and_falls_as_its_paper_says():
    n, decay = 100, 20
    plateau = [warmup_decay(k, 5, 5, 0) for k in range(n)]
    wsd = [warmup_decay(k, 5, n, decay, "sqrt") for k in range(n)]
    assert wsd[: n - decay] == plateau[: n - decay]
    for k in range(n - decay, n):
        assert wsd[k] == pytest.approx(1 - math.sqrt((k - (n - decay)) / decay))


def test_inverse_sqrt_is_equation_3():
    for d, warmup in ((512, 4000), (64, 10), (1, 1)):
        for t in (1, 2, warmup, warmup + 1, 10 * warmup, 100_000):
            expected = d**-0.5 * min(t**-0.5, t * warmup**-1.5)
            assert inverse_sqrt(t - 1, d, warmup) == pytest.approx(expected)
        peak = max(inverse_sqrt(k, d, warmup) for k in range(3 * warmup))
        assert peak == inverse_sqrt(warmup - 1, d, warmup)
        assert peak == pytest.approx((d * warmup) ** -0.5)
    assert inverse_sqrt(9, 1, 1) == pytest.approx(0.316, abs=1e-3)


ERRORS = {
    "warmup must be from 0 to total - 1, got 5 of total 5": lambda o: warmup_cosine(
        o, 5, 5
    ),
    "warmup must be from 0 to total - 1, got -1 of total 5": lambda o: warmup_cosine(
        o, -1, 5
    ),
    "floor must be from 0 to 1, got 1.5": lambda o: warmup_cosine(o, 1, 5, 1.5),
    "warmup and decay must fit in total 10, got 6 and 5": lambda o: warmup_decay(
        0, 6, 10, 5
    ),
    "warmup and decay must fit in total 10, got 1 and -1": lambda o: warmup_decay(
        0, 1, 10, -1
    ),
    "shape must be one of linear, cosine, sqrt, got 'exp'": lambda o: warmup_decay(
        0, 1, 10, shape="exp"
    ),
    "d_model and warmup must be positive, got 512 and 0": lambda o: inverse_sqrt(
        0, 512, 0
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    o = SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    with pytest.raises(ValueError, match=message):
        ERRORS[message](o)


def test_no_drawn_schedule_wastes_a_step():
    traces = shapes._traces()
    assert len(traces) == 5
    for rates in traces.values():
        assert min(rates) > 0 and max(rates) == pytest.approx(1, abs=1e-3)
    ends = {name.split()[0]: rates[-1] for name, rates in traces.items()}
    assert ends["cosine"] == pytest.approx(0.1, abs=1e-3)
    assert ends["linear"] == pytest.approx(1 / 90)
    assert ends["inverse"] == pytest.approx(0.316, abs=1e-3)


def test_berts_decay_counts_from_zero():
    w, total = 10_000, 1_000_000
    before, after = (w - 1) / w, 1 - w / total
    assert before - after == pytest.approx(w / total, rel=0.02)


@pytest.fixture(scope="module")
def decays():
    sgd = decay_or_not._train(torch.optim.SGD, momentum=0.9)
    return decay_or_not._train(), sgd


def best(runs):
    """Each schedule at its best rate, over the constant one at its best: (5, seeds)."""
    mean = runs.log().mean(-1).nan_to_num(99)
    chosen = torch.stack([r[i] for r, i in zip(runs, mean.argmin(1), strict=True)])
    return (chosen / chosen[0]).log()


def test_with_noise_every_decay_wins_and_which_does_not_matter(decays):
    for error, low, high in zip(decays, (0.55, 0.45), (0.8, 0.66), strict=True):
        ratio = best(error[1])
        half = 2.2 * ratio.std(-1) / decay_or_not.SEEDS**0.5
        assert all((ratio.mean(-1) + half)[1:] < 0)  # the intervals exclude 1
        mean = ratio.mean(-1).exp()[1:]
        assert low < mean.min() and mean.max() < high
        spread = ratio[1:] - ratio[2]
        gap = spread.mean(-1).abs()
        assert all(gap < 0.2)


def test_the_gain_in_the_loss_itself_is_small(decays):
    error = decays[0][1].mean(-1)
    constant, cosine = error[0].min() + 0.25, error[2].min() + 0.25
    assert 0.02 < 1 - cosine / constant < 0.07


def test_without_noise_only_wsd_gains(decays):
    mean = best(decays[0][0]).mean(-1).exp()
    assert mean[4] < 0.8
    assert mean[1] > 1.1 and mean[2] > 1.1 and mean[3] > 0.95


def test_decay_forgives_a_high_rate(decays):
    error = decays[0][1].log().mean(-1).exp()
    assert 4 < error[0, 3] / error[2, 3] < 9
    grid = torch.tensor(decay_or_not.RATES)
    assert grid[error[0].argmin()] < grid[error[2].argmin()]


@pytest.fixture(scope="module")
def networks():
    return {post: warmup_or_not._train(post).mean(-1) for post in (True, False)}


def test_warmup_lets_the_rate_rise_where_the_norm_comes_last(networks):
    post, pre = networks[True], networks[False]
    assert (post[0] - post[1])[2:].min() > 0.05
    assert 0 < post[0].min() - post[1].min() < 0.11
    assert abs(pre[0].min() - pre[1].min()) < 0.05
    assert post[:, 3].min() > 1.3 > 5 * pre[:, 3].max()
    assert pre.min() < 0.8 * post.min()


def test_the_slider_draws_the_cosine_and_its_loss():
    figure = schedule_length.figure()
    rates, losses = map(sliders.curves, figure.axes)
    assert tuple(rates) == tuple(losses) == schedule_length.TOTALS
    for total, (t, rate) in rates.items():
        p = ((t - 1 - 10) / (total - 10)).clamp(max=1)
        oracle = torch.where(t <= 10, t / 11, (1 + (math.pi * p).cos()) / 2)
        torch.testing.assert_close(rate, 0.05 * oracle, rtol=1e-5, atol=1e-8)
    ends = [rates[total][1][-1].item() for total in (400, 1000)]
    assert ends == pytest.approx([0.026, 0.046], abs=0.0005)
    end = {total: y[-1].item() for total, (_, y) in losses.items()}
    assert list(end.values()) == pytest.approx(
        [0.88, 0.54, 0.43, 0.39, 0.44, 0.51], abs=0.03
    )
    _, tested = schedule_length._train()
    gain = tested[:, :, -1] - tested[3, :, -1]  # to the length of the run
    half = 2.36 * gain.std(1) / schedule_length.RUNS**0.5
    others = [0, 1, 2, 4, 5]
    assert (gain.mean(1) > half)[others].all()


def test_a_lower_peak_forgives_a_long_schedule(monkeypatch):
    monkeypatch.setattr(schedule_length, "PEAK", 0.03)
    _, tested = schedule_length._train.__wrapped__()
    end = tested[:, :, -1].mean(1)
    assert 0 < end[4] - end[3] < 0.02
