"""Half-lives, and what the page says about momentum, betas and eps."""

import math

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam

from snippets.optimizers.sgd.sgd_or_adam import _train
from snippets.training.momentum import (
    beta2_jump,
    beta2_spike,
    epsilon,
    grid,
    noisy,
    rare,
)
from snippets.training.momentum.half_life import half_life_decay
from tests import sliders

# Half-lives


@pytest.mark.parametrize("half_life", [0.5, 1, 6.58, 693, 1e6])
def test_half_is_left_after_the_half_life(half_life):
    beta = half_life_decay(half_life)
    assert 0 < beta < 1 and beta**half_life == pytest.approx(0.5)
    assert half_life_decay(512 * half_life, 512) == pytest.approx(beta)
    average, steps = 1.0, 0
    while average > 0.5 and steps < 2000:
        average, steps = beta * average, steps + 1
    assert steps == min(math.ceil(half_life - 1e-9), 2000)


def test_half_lives_of_the_table():
    table = {0.5: 1, 0.9: 6.6, 0.95: 13.5, 0.98: 34, 0.99: 69, 0.999: 693}
    for beta, steps in table.items():
        assert math.log(0.5) / math.log(beta) == pytest.approx(steps, abs=0.5)
        assert half_life_decay(steps) == pytest.approx(beta, abs=1e-3)


@pytest.mark.parametrize("value", [0, -1, math.nan])
def test_errors(value):
    with pytest.raises(ValueError, match=f"half_life must be positive, got {value}"):
        half_life_decay(value)
    with pytest.raises(ValueError, match=f"per_step must be positive, got {value}"):
        half_life_decay(1, value)


def test_defaults_of_the_table():
    optim = torch.optim
    for kind in (optim.Adam, optim.AdamW, optim.NAdam, optim.RAdam, optim.Adamax):
        assert kind([nn.Parameter(torch.zeros(1))]).defaults["betas"] == (0.9, 0.999)
    assert optim.RMSprop([nn.Parameter(torch.zeros(1))]).defaults["alpha"] == 0.99


# What the figures and the text say


def test_measured_grid():
    losses = grid._losses().mean(2)
    low, at = losses.min(1)
    expected = [0.39, 0.41, 0.45, 0.49, 0.71]
    assert low.tolist() == pytest.approx(expected, abs=0.02)
    assert at.tolist()[:4] == [6, 5, 4, 3] and at[4] in (2, 3)
    for m, i in zip(grid.MOMENTA, at, strict=True):
        assert 1 <= grid.RATES[i] / (1 - m) <= 10.1
    assert losses[2, 4] == pytest.approx(0.45, abs=0.02)
    assert losses[4, 4] == pytest.approx(1.95, abs=0.15)


def interval(values):
    return values.mean().item(), 2.36 * values.std().item() / len(values) ** 0.5


def test_measured_noise_of_sgd():
    losses = noisy._losses(SGD)
    mean = losses.mean(2)
    best = mean.argmin(1)
    tuned = losses[range(6), best]
    assert tuned[:4].mean(1).max() - tuned[:4].mean(1).min() < 0.1
    for row in tuned[:3]:
        middle, half = interval(row - tuned[3])
        assert abs(middle) < half
    middle, half = interval(tuned[5] - tuned[3])
    assert middle == pytest.approx(0.28, abs=0.1) and middle > half
    fixed = mean[:, best[3]]
    assert fixed[0] == pytest.approx(1.8, abs=0.1) and fixed[5] > 2
    assert fixed[3] == pytest.approx(0.62, abs=0.05)


def test_measured_noise_of_adam():
    losses = noisy._losses(Adam)
    best = losses.mean(2).argmin(1)
    assert (best == best[3]).all()
    tuned = losses[:, best[3]]
    middle, half = interval(tuned[2] - tuned[3])
    assert middle == pytest.approx(-0.03, abs=0.015) and half == pytest.approx(
        0.01, abs=0.006
    )
    assert tuned[0].mean() < tuned[3].mean()
    middle, half = interval(tuned[5] - tuned[3])
    assert middle == pytest.approx(0.14, abs=0.05) and middle > half


def test_steps_after_the_gradient_grew():
    peak = beta2_jump._steps().max(1).values.tolist()
    assert [round(p) for p in peak] == [1, 1, 2, 6]
    steps = [(1 - 0.9**t) / math.sqrt(1 - 0.999**t) for t in range(1, 40)]
    assert peak[3] == pytest.approx(max(steps) * 0.93, rel=0.05)


def test_losses_after_the_data_changed():
    losses = beta2_jump._losses()
    before = losses[:, :, 90:100].mean((1, 2))
    at, after = losses[:, :, 100].mean(1), losses[:, :, 105:125].mean((1, 2))
    assert (before > 0.05).all() and (before < 0.15).all()
    assert at.min() > 3.2 and at.max() < 5
    assert (after.diff() < 0).all()
    gain = losses[0, :, 105:125].mean(1) - losses[3, :, 105:125].mean(1)
    middle, half = interval(gain)
    assert middle > half


@pytest.mark.parametrize(("beta2", "steps"), [(0.999, 1200), (0.95, 100)])
def test_steps_after_an_outlier(beta2, steps):
    weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = Adam([weight], 1.0, betas=(0.9, beta2))
    short = 0
    for t in range(3 * steps + 2000):
        before = weight.item()
        weight.grad = torch.full_like(weight, 100.0 if t == 2000 else 1.0)
        optimizer.step()
        if t > 2030 and before - weight.item() < 0.5:
            short = t - 2000
    assert short == pytest.approx(steps, rel=0.05)


def test_measured_rare_gradients():
    assert [rare._travel(b) for b in rare.BETAS] == pytest.approx(
        [6.1, 8.3, 9.1, 9.1], abs=0.06
    )
    losses = rare._losses()
    best = losses.mean(2).argmin(1)
    assert (best == 1).all()
    tuned = losses[:, 1]
    middle, half = interval(tuned[0] - tuned[2])
    assert middle > half and middle > 0.003
    assert (tuned[3] - tuned[2]).mean().abs() < 5e-4


def test_steps_under_eps():
    for eps in epsilon.EPSILONS:
        expected = epsilon.SIZES / (epsilon.SIZES + eps)
        torch.testing.assert_close(epsilon._steps(eps), expected, rtol=1e-5, atol=0)


def test_measured_eps():
    sizes = (1e-10, 1e-8, 1e-3, 1e-2, 0.1)
    trials = [(Adam, {"lr": 0.03, "eps": eps}) for eps in sizes]
    loss = _train(trials, 8, 80, 32)[0].mean(1)
    assert loss[:3].max() - loss[:3].min() < 0.01
    assert loss[3] - loss[1] == pytest.approx(0.09, abs=0.02)
    assert loss[4] > 1.2


def test_measured_order_of_betas():
    rates = (0.01, 0.03, 0.1)
    orders = (0.9, 0.999), (0.999, 0.9)
    trials = [(Adam, {"lr": lr, "betas": b}) for b in orders for lr in rates]
    loss = _train(trials, 8, 80, 32)[0].mean(1).view(2, 3).min(1).values
    assert loss.tolist() == pytest.approx([0.44, 0.57], abs=0.02)


def test_float16_loses_both_weights():
    weight = nn.Parameter(torch.ones(2).half())
    weight.grad = torch.tensor([0.0, 1e-4]).half()
    Adam([weight], 1e-3).step()
    assert weight[0].isnan() and weight[1] == -math.inf
    assert (weight.grad[1] ** 2).item() * 1e-3 < 6e-8


def test_keras_eps_is_torchs_divided_by_the_correction():
    for t in (1, 10, 1000):
        root = math.sqrt(1 - 0.999**t)
        gradient, eps = 1e-6, 1e-7
        keras = root * gradient / (gradient * root + eps)
        assert keras == pytest.approx(gradient / (gradient + eps / root))
    assert round(1 / math.sqrt(1 - 0.999)) == 32


def test_schedules_cycle_momentum():
    schedulers = torch.optim.lr_scheduler
    found = []
    for make in (
        lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=20),
        lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=5),
    ):
        weight = nn.Parameter(torch.zeros(1))
        weight.grad = torch.ones(1)
        optimizer = SGD([weight], 0.1)
        schedule, seen = make(optimizer), []
        for _ in range(19):
            seen.append(optimizer.param_groups[0]["momentum"])
            optimizer.step()
            schedule.step()
        found.append((min(seen), max(seen)))
    assert found[0] == pytest.approx((0.85, 0.95), abs=0.01)
    assert found[1] == pytest.approx((0.8, 0.9), abs=0.01)


def test_the_slider_draws_steps_after_an_outlier():
    figure = beta2_spike.figure()
    roots, lengths = map(sliders.curves, figure.axes)
    assert tuple(roots) == tuple(lengths) == beta2_spike.BETAS
    for b, (t, root) in roots.items():
        v = 1 + (1 - b) * (100**2 - 1) * b ** (t - 1)
        torch.testing.assert_close(root, v.sqrt())
        m = 1 + 0.1 * 99 * 0.9 ** (t - 1)
        torch.testing.assert_close(lengths[b][1], m / v.sqrt(), rtol=1e-5, atol=1e-5)
    root, length = beta2_spike._after()
    first = [root[i, 0].item() for i in (0, 3, 5)]
    assert first == pytest.approx([32, 10, 3.3], rel=0.02)
    back = [(r < 1.01).nonzero()[0].item() + 1 for r in root[[0, 3]]]
    assert back == pytest.approx([100, 850], rel=0.04) and root[5, -1] > 1.5
    assert length[[0, 3, 5], 0].tolist() == pytest.approx([0.34, 1.1, 3.3], abs=0.05)
    assert (length.min(1).values < 0.4).all()
    short = [(x < 0.5).nonzero()[-1].item() + 1 for x in length[[0, 5]]]
    assert short == pytest.approx([55, 1200], rel=0.02)
    assert length.shape[1] == beta2_spike.STEPS > 1204
