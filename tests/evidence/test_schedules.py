"""Learning rate and schedules: what the page says beyond the findings, and the code."""

import math

import pytest
import torch

from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.schedules import range_test, schedules, smaller_rate, warmup
from tests.evidence.stored import stored
from tools import evidence

run = pytest.mark.parametrize("run", range(evidence.RUNS))


@run
def test_noise_and_length_decide_what_a_decay_gains(run):
    best = {
        (batch, i): {
            name: error.mean().item()
            for name, error in schedules._best(stored(schedules)[run], batch, i).items()
        }
        for batch in (8, 128)
        for i in range(2)
    }
    smooth = list(schedules.SHAPES)[2:]
    assert round(best[8, 1]["constant"]) == 21
    assert all(16 < best[8, 1][name] < 18 for name in smooth)
    assert all(10.5 < error < 14 for error in best[128, 1].values())
    assert 19.5 < best[8, 1]["step, a tenth twice"] < 21.5
    for batch in (8, 128):  # after 80 steps, with both
        short = best[batch, 0]
        assert all(short[name] < short["constant"] for name in smooth)
        assert short["step, a tenth twice"] > max(short[name] for name in smooth)


def test_every_schedule_starts_and_ends_as_it_should():
    shapes = {
        name: [f(k / 100) for k in range(100)] for name, f in schedules.SHAPES.items()
    }
    assert set(shapes["constant"]) == {1.0}
    for name, values in shapes.items():
        assert math.isclose(max(values), 1.0, abs_tol=1e-3), name
        assert values[-1] < 0.06 or name == "constant"
    # As torch's, up to how it counts the ends.
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, 1.0, total_steps=100, cycle_momentum=False
    )
    for value in shapes["one-cycle"]:
        assert abs(optimizer.param_groups[0]["lr"] - value) < 0.06
        optimizer.step()
        cycle.step()
    assert [shapes["step, a tenth twice"][k] for k in (49, 50, 75)] == [1.0, 0.1, 0.01]
    wsd = shapes[schedules.WSD]
    assert wsd[79] == 1.0 and math.isclose(wsd[90], 0.5)


def test_each_group_is_trained_by_its_own_schedule():
    x, y = torch.randn(2, 20, 16), torch.randint(10, (2, 20))
    settings = [{"lr": 0.0, "peak": 0.5, "shape": s} for s in ("constant", "linear")]
    model = Stack(lambda: mlp([16, 10]), range(2), settings)
    schedules._train(model, x, y, 3, 20, torch.Generator().manual_seed(0))
    torch.manual_seed(1)
    alone = mlp([16, 10])
    for rate in (0.5, 0.5 * 2 / 3, 0.5 / 3):  # the whole data in each batch
        grads = torch.autograd.grad(
            schedules._loss(alone, x[1], y[1]), alone.parameters()
        )
        with torch.no_grad():
            for p, g in zip(alone.parameters(), grads, strict=True):
                p -= rate * g
    with torch.no_grad():
        assert torch.allclose(model(x)[1, 1], alone(x[1]), atol=1e-5)
        assert not torch.allclose(model(x)[0, 1], alone(x[1]), atol=1e-3)


def test_pixels_are_averaged():
    x = torch.randn(2, 3, 64)
    pooled = torch.nn.functional.avg_pool2d(x.view(6, 1, 8, 8), 2).view(2, 3, 16)
    assert torch.allclose(schedules._shrink(x), pooled)


def test_warm_up_rises_from_above_zero_and_both_end_at_zero():
    for length in (0, warmup.WARMUP):
        rates = [warmup._rate(k, length) for k in range(warmup.STEPS + 1)]
        assert max(rates) == rates[length] == 1.0
        assert rates[-1] == 0.0
        assert 0 < rates[0] <= rates[length]
        rise = [
            b - a for a, b in zip(rates[:length], rates[1 : length + 1], strict=True)
        ]
        assert all(math.isclose(step, 1 / (length + 1)) for step in rise)


def test_post_ln_is_post_ln_and_has_two_layers():
    for post in (False, True):
        net = warmup._build(post)
        assert len(net.blocks) == 2 and all(b.post is post for b in net.blocks)
        assert isinstance(net.norm, torch.nn.Identity) is post


def test_a_range_test_ends_where_its_loss_is_four_times_the_lowest():
    losses = [2.0] * 10 + [1.0] * 20 + [50.0] * 70
    rates, kept = range_test._until_it_blows(losses)
    assert len(rates) == len(kept) == 31
    assert rates == range_test.RAMP[:31].tolist()
    losses[5] = math.nan
    assert len(range_test._until_it_blows(losses)[1]) == 6


def test_lost_points_are_those_of_the_rate_nearest_to_the_reading():
    count, seeds = len(range_test.GRID), range_test.SEEDS
    error = (torch.arange(count) - 8.0).square()[:, None].expand(-1, seeds)
    read = range_test.GRID[[5, 6, 10]][:, None].expand(-1, seeds) * 1.1
    name = "SGD"
    scores = {f"SGD: {part}": error for part in ("validation", "test")}
    lost = range_test._lost(scores | {"SGD: read": read}, name)
    means = {way: values.mean().item() for way, values in lost.items()}
    assert means == {
        "steepest": 9,
        "minimum": 4,
        "valley": 4,
        "three around": 0,  # 4, 6 and 8
        "blind three": 0,  # 0.01 is 4, 0.1 is 8, 1 is 12
    }


@run
def test_what_each_rule_loses(run):
    lost = {n: range_test._lost(stored(range_test)[run], n) for n in range_test.KINDS}
    mean = {
        n: {way: v.mean().item() for way, v in one.items()} for n, one in lost.items()
    }
    for name in ("SGD", "SGD, pixels times 16"):
        assert mean[name]["minimum"] > 3
        assert mean[name]["valley"] > 15
    for name in ("SGD, momentum 0.9", "Adam"):
        assert mean[name]["minimum"] < 1 < mean[name]["valley"]
    for name in range_test.KINDS:
        assert mean[name]["three around"] < 1.5
        assert mean[name]["blind three"] < 1.5
    # The steepest fall: good for most seeds, very bad for some.
    steep = torch.stack([one["steepest"] for one in lost.values()])
    assert steep.median() < 2
    assert steep.max() > 25
    for name in range_test.KINDS:
        parts = (stored(range_test)[run][f"{name}: {k}"] for k in ("test", "read"))
        error, read = parts
        valley = read[range_test.RULES.index("valley")]
        assert valley.median() < range_test.GRID[error.mean(1).argmin()] / 3


def test_equal_training_loss_is_read_between_two_marks():
    count = len(smaller_rate.MARKS)
    training = torch.logspace(0, -3, count)[None, :, None].expand(4, -1, 2)
    test = torch.arange(float(count))[None, :, None].expand(4, -1, 2)
    at = smaller_rate._at(
        {"training": training, "test": test}, "0.18", 10 ** (-3 * 6.5 / (count - 1))
    )
    assert torch.allclose(at, torch.tensor(6.5).expand(2), atol=1e-3)


def test_the_dropped_rate_is_a_tenth_from_its_step_on():
    before, after = (smaller_rate._dropped(smaller_rate.DROP + k) for k in (-1, 0))
    assert (before, after) == (1.0, 0.1)
    assert smaller_rate.DROP in smaller_rate.MARKS


@run
def test_a_small_rate_needs_time_and_a_decay_does_not(run):
    scores = stored(smaller_rate)[run]
    test = scores["test"].mean(2)
    stop = [smaller_rate.MARKS[int(i)] for i in scores["stop"][:, 0]]
    decays = scores["decayed validation"].mean(1)
    length = smaller_rate.DECAYS[int(decays.argmin())]
    assert 3 * length < stop[0]
    # The first line and the third begin in the other order.
    early = smaller_rate.MARKS.index(200)
    assert test[0, early] > test[2, early] + 0.5
    # Trained on, all get worse than at their best.
    assert (test[:, -1] > test.min(1).values + 0.1).all()
    # Dropped and kept share what comes before the drop.
    at = smaller_rate.MARKS.index(smaller_rate.DROP) + 1
    assert torch.equal(scores["test"][2, :at], scores["test"][3, :at])
    assert not torch.equal(scores["test"][2, at], scores["test"][3, at])


@run
def test_where_warm_up_matters(run):
    scores = stored(warmup)[run]
    for way in warmup.WAYS:
        pre, post = (scores[f"{kind}, {way}, test"] for kind in warmup.KINDS)
        assert pre.isfinite().all() and post.isfinite().all()
    for kind in warmup.KINDS:  # no difference at the low rates
        none, warm = (scores[f"{kind}, {way}, test"][1] for way in warmup.WAYS)
        assert abs(interval(warm - none)[0]) < 0.1
