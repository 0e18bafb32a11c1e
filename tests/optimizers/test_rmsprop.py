"""RMSprop and relatives against their rules written out, and what their page says."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim import ASGD, SGD, Adadelta, Adagrad, RMSprop, Rprop

from snippets.optimizers.rmsprop import drift, first_steps, full_batch, recurrent
from snippets.optimizers.rmsprop.rmsprop_step import rmsprop_step
from snippets.optimizers.rmsprop.rmsprop_tf import RMSpropTF

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
DOUBLE = torch.float64


def gradients(steps=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(steps, 3, generator=generator, dtype=DOUBLE)


def path(kind, grads, **options):
    weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE))
    optimizer = kind([weight], **options)
    for g in grads:
        weight.grad = g.clone()
        optimizer.step()
    return weight.detach()


# The rules


@few
@given(
    st.sampled_from([0.3, 0.5, 0.99]),
    st.sampled_from([0.0, 0.9]),
    st.sampled_from([0.0, 0.1]),
    st.booleans(),
)
def test_rmsprop_step_is_torchs(alpha, momentum, decay, centered):
    options = {"alpha": alpha, "momentum": momentum, "weight_decay": decay}
    options |= {"centered": centered, "eps": 1e-3, "lr": 0.1}
    param, state = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), None
    for g in gradients():
        param, state = rmsprop_step(param, g, state, **options)
    torch.testing.assert_close(
        param, path(RMSprop, gradients(), **options), atol=1e-9, rtol=1e-9
    )


def test_rmsprop_step_has_the_defaults_of_torch():
    param, state = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), None
    for g in gradients():
        param, state = rmsprop_step(param, g, state)
    torch.testing.assert_close(param, path(RMSprop, gradients()), atol=1e-9, rtol=1e-9)


def test_adagrad():
    lr, gamma, start, eps = 0.1, 0.3, 0.2, 1e-3
    w, v = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), start
    for t, g in enumerate(gradients(), 1):
        v = v + g**2
        w = w - lr / (1 + (t - 1) * gamma) * g / (v.sqrt() + eps)
    options = {"lr_decay": gamma, "initial_accumulator_value": start, "eps": eps}
    torch.testing.assert_close(w, path(Adagrad, gradients(), lr=lr, **options))


def test_adadelta():
    w, v, u, rho, eps = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), 0, 0, 0.8, 1e-4
    for g in gradients():
        v = rho * v + (1 - rho) * g**2
        delta = ((u + eps) / (v + eps)) ** 0.5 * g
        u = rho * u + (1 - rho) * delta**2
        w = w - 0.7 * delta
    torch.testing.assert_close(w, path(Adadelta, gradients(), lr=0.7, rho=rho, eps=eps))


def test_rprop():
    grads, w = gradients(30), torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE)
    last, size = torch.zeros(3, dtype=DOUBLE), torch.full((3,), 0.01, dtype=DOUBLE)
    for g in grads:
        factor = torch.where(g * last > 0, 1.2, torch.where(g * last < 0, 0.5, 1.0))
        size = (size * factor).clamp(1e-6, 50)
        g = torch.where(g * last < 0, 0, g)
        w, last = w - size * g.sign(), g
    torch.testing.assert_close(w, path(Rprop, grads), rtol=1e-6, atol=0)


def test_asgd():
    lr, lambd, alpha, t0 = 0.1, 0.5, 0.75, 2
    weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE))
    optimizer = ASGD([weight], lr, lambd, alpha, t0)
    w, mean, eta, mu = weight.detach().clone(), 0, lr, 1
    for t, g in enumerate(gradients(), 1):
        weight.grad = g.clone()
        optimizer.step()
        w = (1 - lambd * eta) * w - eta * g
        mean = mean + mu * (w - mean)
        eta = lr / (1 + lambd * lr * t) ** alpha
        mu = 1 / max(1, t - t0)
        torch.testing.assert_close(weight.detach(), w, rtol=1e-6, atol=0)
        torch.testing.assert_close(
            optimizer.state[weight]["ax"], mean, rtol=1e-6, atol=0
        )


# TensorFlow's


def naive_tf(grads, lr, alpha, eps, decay, momentum):
    w, v, m = torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE), 1.0, 0.0
    for g in grads:
        g = g + decay * w
        v = alpha * v + (1 - alpha) * g**2
        m = momentum * m + lr * g / (v + eps) ** 0.5
        w = w - m
    return w


@few
@given(
    st.sampled_from([0.0, 0.9]),
    st.sampled_from([0.0, 0.1]),
    st.sampled_from([0.5, 0.9]),
)
def test_tf(momentum, decay, alpha):
    expected = naive_tf(gradients(), 0.1, alpha, 0.01, decay, momentum)
    options = {"alpha": alpha, "eps": 0.01, "momentum": momentum, "weight_decay": decay}
    torch.testing.assert_close(
        path(RMSpropTF, gradients(), lr=0.1, **options), expected
    )


def test_tf_keeps_the_rate_in_the_buffer():
    """After a cut of the rate the old steps go on at the old rate."""
    found = []
    for kind in (RMSprop, RMSpropTF):
        weight = nn.Parameter(torch.zeros(1))
        optimizer = kind([weight], lr=1.0, momentum=0.9)
        for _ in range(3):
            before = weight.item()
            weight.grad = torch.ones(1)
            optimizer.step()
            optimizer.param_groups[0]["lr"] = 0.0
        found.append(abs(weight.item() - before))
    assert found[0] == 0 and found[1] == pytest.approx(0.81)


def test_tf_resumes_and_skips_what_has_no_gradient():
    whole = path(RMSpropTF, gradients(), momentum=0.9)
    weight = nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=DOUBLE))
    idle = nn.Parameter(torch.ones(1))
    optimizer = RMSpropTF([idle, weight], momentum=0.9)
    for step, g in enumerate(gradients()):
        if step == 3:
            saved = optimizer.state_dict()
            optimizer = RMSpropTF([idle, weight])
            optimizer.load_state_dict(saved)
        weight.grad = g.clone()
        loss = optimizer.step(lambda: torch.tensor(3.0))
        assert loss == 3
    assert idle.item() == 1
    torch.testing.assert_close(weight.detach(), whole)


ONE = nn.Parameter(torch.ones(1))
ERRORS = {
    r"same shape, got \(1,\) and \(2,\)": lambda: rmsprop_step(ONE, torch.ones(2)),
    "alpha must be from 0 to 1, got 1.5": lambda: rmsprop_step(ONE, ONE, alpha=1.5),
    "alpha must be from 0 to below 1.0, got 1.0": lambda: RMSpropTF([ONE], alpha=1.0),
    "lr must be from 0 to below inf, got nan": lambda: RMSpropTF([ONE], lr=math.nan),
    "eps must be from 0 to below inf, got -1": lambda: RMSpropTF([ONE], eps=-1),
    "momentum must be from 0 to below 1.0, got 1": lambda: RMSpropTF([ONE], momentum=1),
    "weight_decay must be from 0": lambda: RMSpropTF([ONE], weight_decay=-1),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


def test_tf_refuses_sparse_gradients():
    table = nn.Embedding(3, 1, sparse=True)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match="RMSpropTF does not support sparse"):
        RMSpropTF(table.parameters()).step()


# What the page says


def test_first_steps():
    lengths = {n: first_steps._lengths(*case) for n, case in first_steps.CASES.items()}
    assert lengths["RMSprop"][0] == pytest.approx(10, rel=1e-3)
    assert lengths["RMSprop, alpha 0.9"][0] == pytest.approx(10**0.5, rel=1e-3)
    assert lengths["RMSprop"][200] < 1.1 and lengths["RMSprop, alpha 0.9"][20] < 1.1
    for name in ("Adam", "TensorFlow's RMSprop"):
        assert all(abs(v - 1) < 0.01 for v in lengths[name])
    assert lengths["Adagrad"][-1] == pytest.approx(300**-0.5, rel=1e-3)
    assert first_steps._lengths(RMSprop, {}, 1e3)[0] == pytest.approx(10, rel=1e-3)


def test_only_adagrad_slows_down():
    delays = {name: d for name, (_, d) in drift._delays().items()}
    first, second, third = delays["Adagrad"]
    assert 1.6 < second / first < 2.6 and 1.5 < third / second < 2.5
    for name in ("SGD", "Adam", "RMSprop"):
        assert max(delays[name]) <= 1.4 * min(delays[name])
    assert max(delays["SGD"]) < min(delays["Adam"]) < min(delays["RMSprop"])


def test_recurrent_nets_end_level():
    losses = recurrent._train()
    best = [each[each.mean(1).nan_to_num(9).argmin()] for each in losses]
    for each in best[:2]:
        assert abs((each - best[2]).mean()) < 0.04
    at = [each.mean(1).nan_to_num(9).argmin().item() for each in losses]
    assert at[0] == 3 and at[1] in (1, 2) and at[2] in (2, 3)


def test_rprop_needs_full_batches():
    excess = {name: e.mean(1) for name, e in full_batch._excess().items()}
    assert (excess["Rprop"][:3] > 2 * excess["RMSprop"][:3]).all()
    assert excess["Rprop"][3] < 1e-10 < 1e-4 < excess["RMSprop"][3]


def test_asgd_decays_and_its_schedule_lags():
    weight = nn.Parameter(torch.tensor(0.0))
    optimizer, steps = ASGD([weight], lr=0.1), []
    for _ in range(3):
        before = weight.item()
        weight.grad = torch.tensor(1.0)
        optimizer.step()
        optimizer.param_groups[0]["lr"] = 0.01
        steps.append(before - weight.item())
    assert steps == pytest.approx([0.1, 0.1, 0.01], rel=1e-3)


def test_large_eps_bounds_the_centered_step():
    weight = nn.Parameter(torch.tensor(0.0))
    optimizer = RMSprop([weight], lr=0.01, centered=True, eps=1e-2)
    weight.grad = torch.tensor(1.0)
    for _ in range(1500):
        before = weight.item()
        optimizer.step()
    assert abs(before - weight.item()) <= 1.01 * 0.01 / 1e-2


def test_weight_decay_is_divided_too():
    """A weight with larger gradients shrinks less; under SGD they shrink alike."""
    for kind, alike in ((RMSprop, False), (SGD, True)):
        weight = nn.Parameter(torch.ones(2, dtype=DOUBLE))
        optimizer = kind([weight], lr=1e-3, weight_decay=0.1)
        for step in range(200):
            sign = -1 if step % 2 else 1
            weight.grad = sign * torch.tensor([1.0, 100.0], dtype=DOUBLE)
            optimizer.step()
        moved = 1 - weight.detach()
        assert (abs(moved[0] / moved[1] - 1) < 0.1).item() is alike
