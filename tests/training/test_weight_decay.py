"""Weight decay: the converter against torch, the experiments, what the page says."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets.training.weight_decay import dialects, published, strength
from snippets.training.weight_decay import which_parameters as which
from snippets.training.weight_decay.convert_weight_decay import (
    DIALECTS,
    convert_weight_decay,
)
from snippets.training.weight_decay.remaining_weight import remaining_weight

few = settings(max_examples=50, deadline=None)


def share_of_a_late_step(optimizer_class, steps=400, **options):
    """What a step takes off a weight without gradients, by torch."""
    weight = torch.ones(1, dtype=torch.float64)
    rule = optimizer_class([weight], **options)
    for _ in range(steps):
        before = weight.item()
        weight.grad = torch.zeros_like(weight)
        rule.step()
    return 1 - weight.item() / before


# The converter


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("lr", "value"), [(0.1, 1e-4), (0.01, 1e-3)])
def test_sgd_and_adamw_shrink_alike(lr, value, momentum):
    sgd = share_of_a_late_step(
        torch.optim.SGD, lr=lr, weight_decay=value, momentum=momentum
    )
    converted = convert_weight_decay(
        value, "l2", "lr", lr=lr, target_lr=1e-3, momentum=momentum
    )
    adamw = share_of_a_late_step(torch.optim.AdamW, lr=1e-3, weight_decay=converted)
    assert sgd == pytest.approx(adamw, rel=0.01)
    schedule = convert_weight_decay(value, "l2", "schedule", lr=lr, momentum=momentum)
    assert sgd == pytest.approx(schedule, rel=0.01)


@few
@given(
    st.floats(0, 10),
    st.sampled_from(DIALECTS),
    st.sampled_from(DIALECTS),
    st.floats(1e-5, 1),
    st.floats(1e-5, 1),
    st.floats(0, 0.99),
    st.floats(0, 0.99),
)
def test_there_and_back(value, source, target, lr, other, momentum, momentum2):
    there = convert_weight_decay(
        value,
        source,
        target,
        lr=lr,
        target_lr=other,
        momentum=momentum,
        target_momentum=momentum2,
    )
    back = convert_weight_decay(
        there,
        target,
        source,
        lr=other,
        target_lr=lr,
        momentum=momentum2,
        target_momentum=momentum,
    )
    assert back == pytest.approx(value, rel=1e-9)


def test_same_convention_and_rate_is_the_same_value():
    for dialect in DIALECTS:
        same = convert_weight_decay(0.3, dialect, dialect, lr=0.01, momentum=0.9)
        assert same == pytest.approx(0.3)


def test_the_coincidence():
    resnet = convert_weight_decay(1e-4, "l2", "schedule", lr=0.1, momentum=0.9)
    adamw = convert_weight_decay(0.1, "lr", "schedule", lr=1e-3)
    assert resnet == pytest.approx(1e-4) and adamw == pytest.approx(1e-4)
    tenfold = convert_weight_decay(
        1e-3, "l2", "lr", lr=0.1, target_lr=1e-3, momentum=0.9
    )
    assert tenfold == pytest.approx(1)


ERRORS = {
    r"source must be one of .*, got 'adam'": (
        lambda: convert_weight_decay(1, "adam", "lr", lr=1)
    ),
    r"target must be one of .*, got 'L2'": (
        lambda: convert_weight_decay(1, "lr", "L2", lr=1)
    ),
    "^lr must be positive and finite, got 0": lambda: convert_weight_decay(
        1, "lr", "lr", lr=0
    ),
    "target_lr must be positive and finite, got -1": (
        lambda: convert_weight_decay(1, "lr", "lr", lr=1, target_lr=-1)
    ),
    "^momentum must be from 0 up to 1, without 1, got 1": (
        lambda: convert_weight_decay(1, "lr", "lr", lr=1, momentum=1)
    ),
    "target_momentum must be .*, got -0.1": (
        lambda: convert_weight_decay(1, "lr", "lr", lr=1, target_momentum=-0.1)
    ),
    "value must be finite and not negative, got nan": (
        lambda: convert_weight_decay(math.nan, "lr", "lr", lr=1)
    ),
    "from 0 up to 1, without 1, got 0.5 . 2.0": lambda: remaining_weight([0.5], 2.0),
    "got -0.1 . 1.0": lambda: remaining_weight([-0.1], 1.0),
    "got 0.1 . -1.0": lambda: remaining_weight([0.1], -1.0),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


@few
@given(st.lists(st.floats(0, 0.1), max_size=20), st.floats(0, 5))
def test_remaining_weight_is_torchs(rates, decay):
    weight = torch.ones(1, dtype=torch.float64)
    adamw = torch.optim.AdamW([weight], weight_decay=decay)
    for rate in rates:
        adamw.param_groups[0]["lr"] = rate
        weight.grad = torch.zeros_like(weight)
        adamw.step()
    assert remaining_weight(rates, decay) == pytest.approx(weight.item(), rel=1e-9)


def test_linear_and_cosine_halve_the_exponent():
    linear = [1e-3 * (1 - i / 5000) for i in range(5000)]
    cosine = [5e-4 * (1 + math.cos(math.pi * i / 5000)) for i in range(5000)]
    full = math.log(remaining_weight([1e-3] * 5000, 0.1))
    for rates in (linear, cosine):
        half = math.log(remaining_weight(rates, 0.1))
        assert half / full == pytest.approx(0.5, rel=1e-3)


# Tables


def cells(text, column):
    return [row.split("|")[column].strip() for row in text.splitlines()[2:]]


def test_dialects():
    values = [float(cell) for cell in cells(dialects.table(), 2)]
    assert values[:5] == [0.1, 1e-4, 1.0, 0.1, 0.01]
    assert values[5:] == [1e-4, 6931, 0.368]


def test_published():
    shares = {
        name: convert_weight_decay(value, dialect, "schedule", lr=lr, momentum=momentum)
        for name, _, value, dialect, lr, momentum in published.VALUES
    }
    inside = [name for name, s in shares.items() if 2.9e-5 < s < 2.1e-4]
    assert set(shares) - set(inside) == {"DETR", "wav2vec 2.0"}
    assert shares["DETR"] == pytest.approx(1e-8)
    shown = [float(cell) for cell in cells(published.table(), 3)]
    assert shown == pytest.approx(list(shares.values()), rel=0.25)
    steps = [float(cell.replace(",", "")) for cell in cells(published.table(), 4)]
    expected = [math.log(2) / share for share in shares.values()]
    assert steps == pytest.approx(expected, rel=0.05)
    rates = {name: lr for name, _, _, _, lr, _ in published.VALUES}
    assert rates["MAE"] == pytest.approx(1.5e-4 * 4096 / 256)


# Experiments


@pytest.fixture(scope="module")
def runs():
    return {steps: strength._losses(steps).mean(-1) for steps in strength.LENGTHS}


def at(value):
    return 1 + strength.DECAYS.tolist().index(pytest.approx(value))


def test_short_run(runs):
    train, val = runs[60]
    change = (val - val[0]).tolist()
    assert max(map(abs, change[: at(0.03) + 1])) < 0.012
    assert change[at(0.1)] > 0 and change[at(1.0)] > 0.1  # only harm
    assert min(change) > -0.002
    assert val[0] < train[0] + 0.05  # not overfitted


def test_long_run(runs):
    train, val = runs[480]
    assert round(val[0].item(), 1) == 1.2 and round(train[0].item(), 1) == 0.1
    change = (val - val[0]).tolist()
    assert change[at(0.3)] == pytest.approx(-0.55, abs=0.1)
    assert 1 / 14 < change[at(0.01)] / change[at(0.3)] < 1 / 6
    assert abs(change[at(1e-4)]) < 0.03 and abs(change[at(1e-3)]) < 0.04
    assert min(change) == change[at(0.3)]
    for loss in (train, val):
        assert loss[at(3.0)] == pytest.approx(1.39, abs=0.05)


def test_the_pull_follows_the_product(runs):
    """Training loss changes alike where weight_decay * sum of lr is the same."""
    pulls = {}
    for steps, (train, _) in runs.items():
        x = (strength.DECAYS * strength.LR * steps / 2).log()
        pulls[steps] = x, (train[1:] - train[0]).log()
    grid = torch.linspace(math.log(0.03), math.log(2), 30)

    def curve(steps):
        x, y = pulls[steps]
        i = torch.searchsorted(x, grid).clamp(1, len(x) - 1)
        return y[i - 1] + (grid - x[i - 1]) / (x[i] - x[i - 1]) * (y[i] - y[i - 1])

    assert (curve(60) - curve(480)).abs().max() < math.log(2.2)
    same = (pulls[480][1] - pulls[60][1])[3:6].exp()  # equal values: 0.03 to 0.3
    assert same.min() > 4 and same.max() < 10


def test_which_parameters():
    change = which._change()
    mean = change.mean(-1)
    half = 2.36 * change.std(-1) / which.SEEDS**0.5
    low, high = mean
    assert low[:2].abs().max() < 0.006
    assert -0.03 < low[2] < 0
    assert low[3] < -0.08 and high[3] < -0.03  # sparing helps at 1
    assert (high[1:3] > half[1, 1:3]).all() and (high[1:3] > 0.02).all()


def test_mask_spares_all_but_matrices():
    matrices, everything = which._mask()
    assert everything.equal(torch.ones(16 * 16 + 3 * 16 + 16 * 10 + 10))
    pieces = matrices.split(which.SPLIT)
    assert [p.unique().tolist() for p in pieces] == [[1], [0], [0], [0], [1], [0]]
    theta = torch.zeros(1, 1, sum(which.SPLIT))
    x, y = torch.ones(1, 4, 16), torch.zeros(1, 4).long()
    assert which._loss(theta, x, y).item() == pytest.approx(math.log(10))


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RAdam"])
def test_who_has_the_flag(name):
    share = share_of_a_late_step(
        getattr(torch.optim, name),
        steps=20,
        lr=0.01,
        weight_decay=0.5,
        decoupled_weight_decay=True,
    )
    assert share == pytest.approx(0.005)


def test_muon_uses_lr_times_decay():
    weight = torch.ones(2, 2)
    weight.grad = torch.zeros(2, 2)
    torch.optim.Muon([weight], lr=0.01, weight_decay=0.5).step()
    torch.testing.assert_close(weight, torch.full((2, 2), 0.995))
