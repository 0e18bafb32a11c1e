"""Schedule-Free AdamW against its three sequences written out, and the page's claims."""

import copy

import pytest
import torch
from torch import nn

from snippets.optimizers.schedule_free import anytime
from snippets.optimizers.schedule_free.schedule_free_adamw import ScheduleFreeAdamW


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def gradient(w, t):
    return 2 * w + seeded(*w.shape, seed=t)


def naive(start, steps, lr, betas, eps, decay, warmup, r, power):
    """x, y and z, each kept, as in the paper; yields x and y after each step."""
    x, y, z = start.clone(), start.clone(), start.clone()
    v, total, highest = torch.zeros_like(start), 0.0, 0.0
    for t in range(1, steps + 1):
        g = gradient(y, t)
        v = betas[1] * v + (1 - betas[1]) * g**2
        rate = lr * (1 - betas[1] ** t) ** 0.5
        if t <= warmup:
            rate = rate * t / warmup
        z = z - rate * (g / (v.sqrt() + eps) + decay * y)
        highest = max(highest, rate)
        weight = t**r * highest**power
        total = total + weight
        x = x + weight / total * (z - x)
        y = betas[0] * x + (1 - betas[0]) * z
        yield x, y


@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.5, 0.9), (0.98, 0.0)])
@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize(
    ("warmup", "r", "power"), [(0, 0.0, 2.0), (4, 0.0, 2.0), (4, 1.5, 0.0)]
)
def test_the_rule_of_the_paper(betas, decay, warmup, r, power):
    start = seeded(5, 3)
    weight = nn.Parameter(start.clone())
    optimizer = ScheduleFreeAdamW([weight], 0.02, betas, 1e-3, decay, warmup, r, power)
    rule = naive(start, 8, 0.02, betas, 1e-3, decay, warmup, r, power)
    for t, (x, y) in enumerate(rule, 1):
        weight.grad = gradient(weight.detach(), t)
        optimizer.step()
        torch.testing.assert_close(weight.data, y)
        optimizer.eval()
        torch.testing.assert_close(weight.data, x)
        optimizer.eval()  # a second call changes nothing
        torch.testing.assert_close(weight.data, x)
        optimizer.train()
        torch.testing.assert_close(weight.data, y)


def test_a_falling_rate_does_not_lower_the_weight_of_a_step():
    weight = nn.Parameter(torch.ones(2))
    optimizer = ScheduleFreeAdamW([weight], lr=0.1, betas=(0.9, 0.0))
    group = optimizer.param_groups[0]
    for lr, total in ((0.1, 0.01), (0.01, 0.02), (0.2, 0.06)):
        group["lr"] = lr
        weight.grad = torch.ones(2)
        optimizer.step()
        assert group["weight_sum"] == pytest.approx(total)


def test_groups_and_parameters_without_gradient():
    a, b, c = (nn.Parameter(torch.ones(3)) for _ in range(3))
    groups = [{"params": [a], "lr": 0.1}, {"params": [b, c]}]
    optimizer = ScheduleFreeAdamW(groups, lr=0.01, betas=(0.9, 0.0))
    g = a.grad = b.grad = torch.full((3,), 4.0)
    optimizer.step()
    torch.testing.assert_close(a.data, torch.full((3,), 0.9))
    torch.testing.assert_close(b.data, torch.full((3,), 0.99))
    optimizer.eval()
    optimizer.train()
    assert c.eq(1).all() and not optimizer.state[c] and g.eq(4).all()


def test_rate_zero():
    weight = nn.Parameter(torch.ones(3))
    optimizer = ScheduleFreeAdamW([weight], lr=0.0)
    weight.grad = torch.ones(3)
    optimizer.step()
    assert weight.eq(1).all()


@pytest.mark.parametrize("mode", ["train", "eval"])
def test_state_dict_goes_round_with_the_mode(mode):
    a = nn.Parameter(seeded(4))
    one = ScheduleFreeAdamW([a], lr=0.1, warmup_steps=3)
    for t in range(2):
        a.grad = gradient(a.detach(), t)
        one.step()
    getattr(one, mode)()
    b = nn.Parameter(a.detach().clone())
    two = ScheduleFreeAdamW([b], lr=0.5)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for optimizer, w in ((one, a), (two, b)):
        optimizer.train()
        w.grad = gradient(w.detach(), 5)
        optimizer.step()
        optimizer.eval()
    assert a.equal(b)


def test_closure_runs_with_gradients_and_its_loss_comes_back():
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = ScheduleFreeAdamW([weight], lr=0.5, betas=(0.9, 0.0))

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() == pytest.approx(1.5)
    assert ScheduleFreeAdamW([weight]).step() is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_dtypes(dtype):
    weight = nn.Parameter(torch.ones(3, dtype=dtype))
    optimizer = ScheduleFreeAdamW([weight], lr=0.25, betas=(0.5, 0.0))
    weight.grad = torch.tensor([1.0, -1, 0], dtype=dtype)
    optimizer.step()
    assert weight.tolist() == pytest.approx([0.75, 1.25, 1.0])
    assert all(value.dtype == dtype for value in optimizer.state[weight].values())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr must not be negative, got -1.0"),
        ({"betas": (0.0, 0.9)}, r"betas must be .* got \(0.0, 0.9\)"),
        ({"betas": (1.0, 0.9)}, "betas must be"),
        ({"betas": (0.9, 1.0)}, "betas must be"),
        ({"betas": (0.9, -0.5)}, "betas must be"),
        ({"eps": -1.0}, "eps must not be negative"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative, got -0.1"),
        ({"warmup_steps": -1}, "warmup_steps must not be negative"),
        ({"r": -1.0}, "r must not be negative"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        ScheduleFreeAdamW([nn.Parameter(torch.ones(1))], **options)


def test_grad_scaler_steps():
    weight = nn.Parameter(torch.ones(3))
    optimizer = ScheduleFreeAdamW([weight], lr=0.25, betas=(0.5, 0.0))
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(weight.square().sum()).backward()
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == pytest.approx([0.75] * 3)


# What the page says


@pytest.fixture(scope="module")
def losses():
    return anytime._compare()


def test_ahead_of_the_decay_and_level_with_the_ema(losses):
    best = {name: loss[-1].mean(1).argmin() for name, loss in losses.items()}
    end = {name: loss[-1, best[name]] for name, loss in losses.items()}
    for name, value in (("constant", 0.26), ("linear decay", 0.25), ("EMA", 0.21)):
        assert end[name].mean().item() == pytest.approx(value, abs=0.015)
    assert end["Schedule-Free"].mean().item() == pytest.approx(0.20, abs=0.01)
    margin = end["linear decay"] - end["Schedule-Free"]
    assert margin.mean() > 2.36 * margin.std() / 8**0.5
    margin = end["EMA"] - end["Schedule-Free"]
    assert margin.mean() < 2.36 * margin.std() / 8**0.5 + 0.01
    rates = [anytime.RATES[best[name]] for name in ("constant", "Schedule-Free")]
    assert rates == [0.02, 0.04]


def test_ahead_of_runs_decayed_to_end_earlier_and_forgiving(losses):
    free, decayed = losses["Schedule-Free"], losses["linear decay"]
    quarter = anytime.LOOKS.index(40)
    best = free[-1].mean(1).argmin()
    assert free[quarter, best].mean() < decayed[quarter].mean(1).min() - 0.1
    after = {name: loss[-1].mean(1) for name, loss in losses.items()}
    rise = {name: (loss[-1] - loss.min()).item() for name, loss in after.items()}
    assert rise["Schedule-Free"] < 0.02
    assert all(rise[name] > 0.03 for name in rise if name != "Schedule-Free")
