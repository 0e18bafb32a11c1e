"""LARS and LAMB against their rules written out, and the page's claims."""

import copy
import math

import pytest
import torch
from torch import nn

from snippets.optimizers.lamb import large_batch
from snippets.optimizers.lamb.lamb import Lamb
from snippets.optimizers.lamb.lars import Lars


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def length(values):
    return math.sqrt(sum(value * value for value in values))


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("trust", [True, False])
def test_lars_is_the_rule_written_out(decay, momentum, trust):
    start = seeded(7)
    weight = nn.Parameter(start.clone())
    optimizer = Lars([weight], 0.5, momentum, decay, 0.02, 1e-3, trust)
    w, m = start.tolist(), [0.0] * 7
    for t in range(4):
        weight.grad = seeded(7, seed=t)
        optimizer.step()
        g = weight.grad.tolist()
        ratio = 0.02 * length(w) / (length(g) + decay * length(w) + 1e-3)
        ratio = ratio if trust else 1.0
        for i in range(7):
            m[i] = momentum * m[i] + ratio * (g[i] + decay * w[i])
        w = [w[i] - 0.5 * m[i] for i in range(7)]
    torch.testing.assert_close(weight.data, torch.tensor(w, dtype=torch.float64))


@pytest.mark.parametrize("decay", [0.0, 0.3])
@pytest.mark.parametrize("corrected", [True, False])
@pytest.mark.parametrize("limit", [None, 0.4])
def test_lamb_is_the_rule_written_out(decay, corrected, limit):
    start = seeded(7)
    weight = nn.Parameter(start.clone())
    optimizer = Lamb([weight], 0.1, (0.8, 0.95), 1e-3, decay, corrected, limit)
    w, m, v, seen = start.tolist(), [0.0] * 7, [0.0] * 7, []
    for t in range(1, 5):
        weight.grad = seeded(7, seed=t)
        optimizer.step()
        g = weight.grad.tolist()
        m = [0.8 * a + 0.2 * b for a, b in zip(m, g, strict=True)]
        v = [0.95 * a + 0.05 * b * b for a, b in zip(v, g, strict=True)]
        c1, c2 = (1 - 0.8**t, 1 - 0.95**t) if corrected else (1.0, 1.0)
        u = [m[i] / c1 / (math.sqrt(v[i] / c2) + 1e-3) + decay * w[i] for i in range(7)]
        ratio = length(w) / length(u)
        seen.append(ratio)
        ratio = min(ratio, limit) if limit else ratio
        w = [w[i] - 0.1 * ratio * u[i] for i in range(7)]
    torch.testing.assert_close(weight.data, torch.tensor(w, dtype=torch.float64))
    assert limit is None or any(ratio > limit for ratio in seen)


def test_without_the_ratio_they_are_torchs():
    for make, other, options in (
        (Lamb, torch.optim.AdamW, {"weight_decay": 0.1, "eps": 1e-4}),
        (Lars, torch.optim.SGD, {"momentum": 0.9, "weight_decay": 0.1}),
    ):
        a, b = nn.Parameter(seeded(5)), nn.Parameter(seeded(5))
        one = make([a], lr=0.05, trust_ratio=False, **options)
        two = other([b], lr=0.05, **options)
        for t in range(4):
            a.grad = b.grad = seeded(5, seed=t)
            one.step()
            two.step()
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("make", [Lamb, Lars])
def test_groups_zero_norms_and_missing_gradients(make):
    zero, still, missing, plain = (nn.Parameter(torch.ones(4)) for _ in range(4))
    with torch.no_grad():
        zero.zero_()
    groups = [
        {"params": [zero, still, missing]},
        {"params": [plain], "trust_ratio": False},
    ]
    optimizer = make(groups, lr=0.1, weight_decay=0.0)
    zero.grad, still.grad = torch.ones(4), torch.zeros(4)
    plain.grad = torch.ones(4)
    optimizer.step()
    torch.testing.assert_close(zero.data, torch.full((4,), -0.1))  # a ratio of 1
    assert still.eq(1).all() and missing.eq(1).all()
    torch.testing.assert_close(plain.data, torch.full((4,), 0.9))
    assert missing not in optimizer.state


@pytest.mark.parametrize("make", [Lamb, Lars])
def test_norms_are_per_tensor_and_gradients_stay(make):
    a, b = nn.Parameter(seeded(6)), nn.Parameter(100 * seeded(6, seed=1))
    optimizer = make([a, b], lr=0.01)
    a.grad, b.grad = seeded(6, seed=2), seeded(6, seed=3)
    before = [a.detach().clone(), b.detach().clone()]
    g = a.grad.clone()
    optimizer.step()
    first, second = (
        ((w - old).norm() / old.norm()).item()
        for w, old in zip((a, b), before, strict=True)
    )
    assert first == pytest.approx(second, rel=1e-3)
    assert a.grad.equal(g)


@pytest.mark.parametrize("make", [Lamb, Lars])
def test_state_dict_goes_round(make):
    a = nn.Parameter(seeded(4))
    one = make([a], lr=0.01)
    a.grad = seeded(4, seed=1)
    one.step()
    b = nn.Parameter(a.detach().clone())
    two = make([b], lr=0.5)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    b.grad = a.grad = seeded(4, seed=2)
    one.step()
    two.step()
    assert a.equal(b)


@pytest.mark.parametrize("make", [Lamb, Lars])
def test_closure_runs_with_gradients_and_its_loss_comes_back(make):
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = make([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() < 2
    assert make([weight], lr=0.1).step() is None


@pytest.mark.parametrize("make", [Lamb, Lars])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_dtypes(make, dtype):
    weight = nn.Parameter(torch.ones(4, dtype=dtype))
    optimizer = make([weight], lr=0.25, weight_decay=0.0)
    weight.grad = torch.ones(4, dtype=dtype)
    optimizer.step()
    expected = 0.75 if make is Lamb else 1 - 0.25 * 0.001
    assert weight[0].item() == pytest.approx(expected, rel=4e-3)
    assert weight.dtype == dtype


@pytest.mark.parametrize(
    ("make", "options", "message"),
    [
        (Lamb, {"lr": -1.0}, "lr must not be negative, got -1.0"),
        (Lamb, {"betas": (1.0, 0.9)}, r"betas must be .* got \(1.0, 0.9\)"),
        (Lamb, {"betas": (0.9, -0.1)}, "betas must be"),
        (Lamb, {"eps": -1.0}, "eps must not be negative"),
        (Lamb, {"weight_decay": -0.1}, "weight_decay must not be negative"),
        (Lamb, {"max_ratio": -2.0}, "max_ratio must not be negative, got -2.0"),
        (Lars, {"lr": -1.0}, "lr must not be negative, got -1.0"),
        (Lars, {"lr": 1.0, "momentum": -1.0}, "momentum must not be negative"),
        (Lars, {"lr": 1.0, "weight_decay": -1.0}, "weight_decay must not be negative"),
        (Lars, {"lr": 1.0, "trust_coefficient": -1.0}, "trust_coefficient must not"),
        (Lars, {"lr": 1.0, "eps": -1.0}, "eps must not be negative"),
    ],
)
def test_refuses(make, options, message):
    with pytest.raises(ValueError, match=message):
        make([nn.Parameter(torch.ones(1))], **options)


# What the page says


def test_state_is_8_and_4_bytes():
    for make, wanted in ((Lamb, 8), (Lars, 4)):
        weight = nn.Parameter(torch.ones(1000))
        optimizer = make([weight], lr=0.1)
        weight.grad = torch.ones(1000)
        optimizer.step()
        tensors = [v for v in optimizer.state[weight].values() if v.numel() > 1]
        assert sum(v.nbytes for v in tensors) == wanted * 1000


def test_the_figure():
    losses = {name: large_batch._losses(name) for name in large_batch.GRIDS}
    best = {name: loss[loss.mean(1).argmin()] for name, loss in losses.items()}
    wanted = {"LARS": 0.16, "LAMB": 0.18, "Nesterov": 0.20, "AdamW": 0.26}
    for name, value in wanted.items():
        assert best[name].mean().item() == pytest.approx(value, abs=0.015)
        assert 0 < losses[name].mean(1).argmin() < 4  # inside the grid
    for one, other, gain in (("LARS", "Nesterov", 0.04), ("LAMB", "AdamW", 0.08)):
        margin = best[other] - best[one]
        assert margin.mean() > 2.57 * margin.std() / 6**0.5
        assert margin.mean().item() == pytest.approx(gain, abs=0.02)
    lamb = losses["LAMB"].mean(1)
    at = lamb.argmin()
    assert min(lamb[at - 1], lamb[at + 1]) > 2.5 * lamb[at]
    assert lamb[-1] > 1
