"""SAM against its rule written out, as an optimizer of torch, and the page's claims."""

import copy

import pytest
import torch
from torch import nn

from snippets.optimizers.sam import label_noise
from snippets.optimizers.sam.sam import SAM


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def loss_of(weights):
    a, b = weights
    return (a**4).sum() + (b * a[:2] ** 2).sum() + (b**2).sum()


def train(optimizer, weights):
    def closure():
        optimizer.zero_grad()
        loss = loss_of(weights)
        loss.backward()
        return loss

    return optimizer.step(closure)


@pytest.mark.parametrize("adaptive", [False, True])
@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_sam_is_the_rule_of_the_paper(adaptive, decay):
    weights = [nn.Parameter(seeded(4)), nn.Parameter(seeded(2, seed=1))]
    optimizer = SAM(
        weights,
        torch.optim.SGD,
        rho=0.3,
        adaptive=adaptive,
        lr=0.05,
        momentum=0.9,
        weight_decay=decay,
    )
    w = [weight.detach().clone() for weight in weights]
    m = [torch.zeros_like(x) for x in w]
    for _ in range(4):
        at = [x.clone().requires_grad_() for x in w]
        loss = loss_of(at)
        g = torch.autograd.grad(loss, at)
        t = [x.abs() if adaptive else torch.ones_like(x) for x in w]
        flat = torch.cat([a * b for a, b in zip(t, g, strict=True)])
        size = flat.square().sum().sqrt()
        up = [
            (x + 0.3 * a**2 * d / size).requires_grad_()
            for x, a, d in zip(w, t, g, strict=True)
        ]
        g = torch.autograd.grad(loss_of(up), up)
        m = [0.9 * b + d + decay * x for b, d, x in zip(m, g, w, strict=True)]
        w = [x - 0.05 * b for x, b in zip(w, m, strict=True)]
        torch.testing.assert_close(train(optimizer, weights), loss)
    for weight, x in zip(weights, w, strict=True):
        torch.testing.assert_close(weight.data, x)


@pytest.mark.parametrize("base", [torch.optim.SGD, torch.optim.AdamW])
def test_radius_zero_is_the_base(base):
    a = [nn.Parameter(seeded(4)), nn.Parameter(seeded(2, seed=1))]
    b = copy.deepcopy(a)
    one, two = SAM(a, base, rho=0.0, lr=0.01), base(b, lr=0.01)
    for _ in range(3):
        train(one, a)
        train(two, b)
    assert all(x.equal(y) for x, y in zip(a, b, strict=True))


def test_groups_have_their_own_radius_and_one_norm():
    a, b = nn.Parameter(torch.tensor([3.0])), nn.Parameter(torch.tensor([4.0]))
    groups = [{"params": [a], "rho": 0.5}, {"params": [b], "lr": 1.0}]
    optimizer = SAM(groups, torch.optim.SGD, rho=1.0, lr=0.1)
    seen = []

    def closure():
        optimizer.zero_grad()
        loss = (a**2 + b**2).sum() / 2
        loss.backward()
        seen.append((a.item(), b.item(), optimizer.perturbed))
        return loss

    optimizer.step(closure)
    assert seen[0] == (3.0, 4.0, False) and seen[1][2]
    assert seen[1][:2] == pytest.approx((3.3, 4.8))
    assert a.item() == pytest.approx(3 - 0.33)
    assert b.item() == pytest.approx(4 - 4.8)


def test_a_group_added_later_gets_the_defaults_of_both():
    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = SAM([a], torch.optim.SGD, rho=0.2, lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": [b]})
    group = optimizer.base.param_groups[1]
    assert (group["rho"], group["lr"], group["momentum"]) == (0.2, 0.1, 0.9)
    assert optimizer.param_groups is optimizer.base.param_groups


def test_state_dict_keeps_the_momentum():
    a = [nn.Parameter(seeded(4)), nn.Parameter(seeded(2, seed=1))]
    options = {"momentum": 0.9, "rho": 0.2}
    one = SAM(a, torch.optim.SGD, lr=0.01, **options)
    train(one, a)
    b = copy.deepcopy(a)
    two = SAM(b, torch.optim.SGD, lr=0.5, momentum=0.5, rho=0.7)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    for optimizer, weights in ((one, a), (two, b)):
        train(optimizer, weights)
        train(optimizer, weights)
    assert all(x.equal(y) for x, y in zip(a, b, strict=True))
    assert two.state_dict()["state"][0]["momentum_buffer"].abs().sum() > 0


def test_schedulers_reach_the_base():
    optimizer = SAM([nn.Parameter(torch.ones(1))], torch.optim.SGD, lr=1.0)
    torch.optim.lr_scheduler.LinearLR(optimizer, 0.25)
    assert optimizer.base.param_groups[0]["lr"] == 0.25


def test_weights_come_back_exactly_also_after_an_error():
    weight = nn.Parameter(torch.randn(1000, generator=torch.manual_seed(0)))
    optimizer = SAM([weight], torch.optim.SGD, rho=7.0, lr=0.0)
    before = weight.detach().clone()

    def closure(fail=False):
        optimizer.zero_grad()
        weight.sin().sum().backward()
        if fail and optimizer.perturbed:
            raise KeyboardInterrupt
        return weight.sum()

    optimizer.step(closure)
    assert weight.equal(before)
    with pytest.raises(KeyboardInterrupt):
        optimizer.step(lambda: closure(fail=True))
    assert weight.equal(before) and not optimizer.perturbed


def test_missing_and_zero_gradients():
    a, b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
    optimizer = SAM([a, b], torch.optim.SGD, lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = 0 * a.square().sum()  # NaN away from finite weights
        loss.backward()
        return loss

    optimizer.step(closure)
    assert a.eq(1).all() and b.eq(1).all()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_dtypes(dtype):
    weight = nn.Parameter(torch.ones(1, dtype=dtype))
    optimizer = SAM([weight], torch.optim.SGD, rho=0.5, lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = weight.square().sum() / 2
        loss.backward()
        return loss

    optimizer.step(closure)
    assert weight.item() == pytest.approx(0.25) and weight.dtype == dtype


def test_refuses():
    weight = nn.Parameter(torch.ones(1))
    with pytest.raises(ValueError, match="rho must not be negative, got -0.1"):
        SAM([weight], torch.optim.SGD, rho=-0.1, lr=0.1)
    with pytest.raises(TypeError, match="SAM.step needs a closure"):
        SAM([weight], torch.optim.SGD, lr=0.1).step()


# What the page says


def test_the_figure_trains_as_the_class_does(monkeypatch):
    """Copy the data, start and batches of one run, and train it with SAM and SGD."""
    monkeypatch.setattr(label_noise, "SEEDS", 1)
    monkeypatch.setattr(label_noise, "RATES", [0.05])
    draws, starts = [], []
    randint, repeat = torch.randint, torch.Tensor.repeat

    def recorded(*args, **options):
        draws.append(randint(*args, **options))
        return draws[-1]

    def kept(self, *sizes):
        starts.append(self.clone())
        return repeat(self, *sizes)

    monkeypatch.setattr(torch, "randint", recorded)
    monkeypatch.setattr(torch.Tensor, "repeat", kept)
    accuracy = label_noise._accuracy(0.2, 20, wrong=0.0).item()
    x, y = (torch.tensor(a) for a in label_noise.load_digits(return_X_y=True))
    x = (x / 16).float()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
    a, b = (nn.Parameter(w[0]) for w in starts)
    optimizer = SAM([a, b], torch.optim.SGD, rho=0.2, lr=0.05, momentum=0.9)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 20)
    for drawn in draws:
        index = order[drawn[0]]

        def closure(index=index):
            optimizer.zero_grad()
            z = (x[index] @ a).relu() @ b
            loss = nn.functional.cross_entropy(z, y[index])
            loss.backward()
            return loss

        optimizer.step(closure)
        schedule.step()
    test = order[label_noise.TRAIN :]
    right = ((x[test] @ a).relu() @ b).argmax(1) == y[test]
    assert 100 * right.float().mean().item() == pytest.approx(accuracy, abs=0.2)


def test_no_gain_at_equal_tuning():
    runs = {name: label_noise._accuracy(*run) for name, run in label_noise.RUNS.items()}
    best = {name: right[right.mean(1).argmax()] for name, right in runs.items()}
    for name, value in zip(runs, (79, 80, 79, 78), strict=True):
        assert best[name].mean().item() == pytest.approx(value, abs=1)
        assert 0 < runs[name].mean(1).argmax() < 4  # inside the grid
        gain = best[name] - best["SGD"]
        assert gain.mean().abs() <= 2.36 * gain.std() / 8**0.5 + 0.3
    high = {name: right[-1].mean().item() for name, right in runs.items()}
    assert high["SAM, radius 0.2"] > high["SGD"] + 1.5
    assert high["SGD"] > high["SGD, twice the steps"] + 4


def test_batch_norm_of_the_second_pass_at_the_usual_radius():
    torch.manual_seed(0)
    x, y = torch.randn(32, 64), torch.randint(10, (32,))
    norm = nn.BatchNorm1d(32)
    model = nn.Sequential(nn.Linear(64, 32), norm, nn.ReLU(), nn.Linear(32, 10))
    optimizer = SAM(model.parameters(), torch.optim.SGD, rho=0.05, lr=0.0)

    def closure():
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        return loss

    for _ in range(100):
        optimizer.step(closure)
    off = (norm.running_var / model[0](x).var(0) - 1).abs().mean().item()
    assert off == pytest.approx(0.002, abs=0.001)
    assert norm.num_batches_tracked == 200
