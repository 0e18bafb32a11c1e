"""Averages against their closed forms, and what the page says of them."""

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import (
    SWALR,
    AveragedModel,
    get_ema_multi_avg_fn,
    update_bn,
)

from snippets.training.averaging import batch_norm, constant_or_decay, start
from snippets.training.averaging.warm_ema import warm_ema


def follow(values, function):
    model = nn.Linear(1, 1, bias=False, dtype=torch.float64)
    ema = AveragedModel(model, multi_avg_fn=function)
    for value in values:
        nn.init.constant_(model.weight, value)
        ema.update_parameters(model)
    return ema.module.weight.item()


@pytest.mark.parametrize("decay", [0.0, 0.3, 0.9, 0.999])
@pytest.mark.parametrize("delay", [2.0, 10.0])
def test_warm_ema_is_its_rule(decay, delay):
    values = torch.randn(60, generator=torch.Generator().manual_seed(0)).tolist()
    average = values[0]
    for t, value in enumerate(values[1:], start=1):
        d = min(decay, (1 + t) / (delay + t))
        average = d * average + (1 - d) * value
    assert follow(values, warm_ema(decay, delay)) == pytest.approx(average, rel=1e-9)


def test_warm_ema_is_torchs_once_it_is_warm():
    new = [torch.randn(3), torch.randn(2, 2)]
    ours = [torch.zeros(3), torch.zeros(2, 2)]
    theirs = [v.clone() for v in ours]
    warm_ema(0.9)(ours, new, 1000)
    get_ema_multi_avg_fn(0.9)(theirs, new, 1000)
    torch.testing.assert_close(ours, theirs)


def test_warm_ema_by_default():
    average = [torch.zeros(1, dtype=torch.float64)]
    warm_ema()(average, [torch.ones(1, dtype=torch.float64)], 10**6)
    assert average[0].item() == pytest.approx(1 - 0.999)


def test_warm_ema_takes_over_at_the_step_it_says():
    # page: 0.999 from step 8990 on, 0.9999 from 89 990; 0.99 and 0.999 equal to 600
    def weight(decay, t):
        average = [torch.zeros(1, dtype=torch.float64)]
        warm_ema(decay)(average, [torch.ones(1, dtype=torch.float64)], t)
        return 1 - average[0].item()

    for decay, step in ((0.999, 8990), (0.9999, 89_990)):
        assert weight(decay, step - 1) < decay - 1e-10
        assert weight(decay, step) == pytest.approx(decay, abs=1e-12)
    assert all(weight(0.99, t) == weight(0.999, t) for t in range(1, 601))


def test_warm_ema_copies_integers_and_averages_complex():
    average = [torch.tensor([0]), torch.zeros(1, dtype=torch.complex64)]
    warm_ema(0.1)(average, [torch.tensor([7]), torch.full((1,), 1j)], 5)
    assert average[0].item() == 7
    assert average[1].item() == pytest.approx(0.9j)


def test_warm_ema_refuses():
    for decay in (-0.1, 1.0, float("nan")):
        with pytest.raises(ValueError, match="decay must be at least 0 and below 1"):
            warm_ema(decay)
    with pytest.raises(ValueError, match="delay must be above 1, got 1"):
        warm_ema(0.9, delay=1)


# Claims of the page


def test_default_is_the_plain_mean():
    values = [1.0, 5.0, -2.0, 4.0]
    assert follow(values, None) == pytest.approx(sum(values) / 4)
    assert follow([3.0], get_ema_multi_avg_fn(0.99)) == 3.0, "the first update copies"


def test_averaging_does_the_work_of_the_decay():
    constant = constant_or_decay._losses(decayed=False)
    decayed = constant_or_decay._losses(decayed=True)
    last, ema, swa = (constant[k].mean(1) for k in ("last", "EMA", "SWA"))
    rates = constant_or_decay.RATES
    assert ema.min() < 0.87 * last.min()
    assert abs(ema.min() - swa.min()) < 0.01
    assert rates[ema.argmin()] >= rates[last.argmin()]
    best = decayed["last"].mean(1)
    assert abs(best.min() - ema.min()) < 0.02
    assert (decayed["EMA"].mean(1) - best).abs().max() < 0.02


def test_a_long_average_keeps_the_start():
    steps, found = start._losses()
    end = {name: rows[-1].mean().item() for name, rows in found.items()}
    assert end["EMA 0.999"] > 1
    assert end["EMA 0.999, warmed up"] < end["EMA 0.99"] < end["last weights"]
    at = steps.index(100)
    assert found["EMA 0.99"][at].mean() > 2 * found["last weights"][at].mean()


def test_batch_statistics():
    by_hand, last, averaged, recomputed = list(batch_norm._measure().values())[1:]
    assert by_hand[0].mean() < 88 < 95 < last[0].mean()
    assert by_hand[1].mean() > 4 * averaged[1].mean()
    assert averaged[1].mean() < last[1].mean() and recomputed[1].mean() < last[1].mean()
    assert abs(averaged[1].mean() - recomputed[1].mean()) < 0.01


def test_buffers_follow_the_model_without_use_buffers():
    model = nn.BatchNorm1d(2)
    average = {"multi_avg_fn": get_ema_multi_avg_fn(0.9)}
    plain = AveragedModel(model, **average)
    averaged = AveragedModel(model, **average, use_buffers=True)
    for shift in (0, 1, 5):
        model(torch.randn(8, 2) + shift)
        plain.update_parameters(model)
        averaged.update_parameters(model)
    assert torch.equal(plain.module.running_mean, model.running_mean)
    assert not torch.allclose(averaged.module.running_mean, model.running_mean)


def test_update_bn_is_undone_by_an_error_and_weighs_batches_equally():
    model = nn.Sequential(nn.BatchNorm1d(1))
    model(torch.full((4, 1), 3.0) + torch.randn(4, 1))
    with pytest.raises(AttributeError):
        update_bn([{"x": 1}], model)
    assert model[0].running_mean.item() == 0 and model[0].running_var.item() == 1
    update_bn([torch.zeros(9, 1), torch.ones(2, 1)], model)
    assert model[0].running_mean.item() == pytest.approx(0.5)
    assert update_bn([{"x": 1}], nn.LayerNorm(2)) is None


@pytest.mark.parametrize("strategy", ["cos", "linear"])
@pytest.mark.parametrize("target", [0.02, 0.5])
def test_swalr_starts_from_the_rate_it_finds(strategy, target):
    weight = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    scheduler = SWALR(optimizer, target, anneal_epochs=4, anneal_strategy=strategy)
    assert optimizer.param_groups[0]["lr"] == 0.1
    optimizer.param_groups[0]["lr"] = now = 0.08
    for step in range(1, 7):
        optimizer.step()
        scheduler.step()
        t = torch.tensor(min(1, step / 4), dtype=torch.float64)
        share = (1 - torch.cos(torch.pi * t)) / 2 if strategy == "cos" else t
        expected = now + (target - now) * share.item()
        assert optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_swalr_in_sequence_repeats_one_rate():
    optimizer = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    first = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    second = SWALR(optimizer, 0.02, anneal_epochs=4)
    both = torch.optim.lr_scheduler.SequentialLR(optimizer, [first, second], [3])
    rates = []
    for _ in range(8):
        rates.append(round(optimizer.param_groups[0]["lr"], 4))
        optimizer.step()
        both.step()
    assert rates[:4] == [0.1, 0.09, 0.081, 0.081] and rates[-1] == 0.02


def test_what_the_average_does_not_have():
    ema = AveragedModel(nn.Linear(2, 1), multi_avg_fn=get_ema_multi_avg_fn())
    assert list(ema.state_dict()) == ["n_averaged", "module.weight", "module.bias"]
    assert all(p.requires_grad for p in ema.parameters())
