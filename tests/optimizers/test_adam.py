"""Adam, AdamW and their family: the rule, the experiments, and what the page says."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets.optimizers.adam import (
    counterexample,
    decay_grid,
    digits_runs,
    first_steps,
    learning_rates,
    shrinkage,
)
from snippets.optimizers.adam.adam_step import adam_step

few = settings(max_examples=25, deadline=None)


def gradients(steps: int, shape=(5,), seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(steps, *shape, dtype=torch.float64, generator=generator)


def run(name: str, grads, start=None, **options):
    """The weight after all gradients, by torch."""
    weight = torch.ones_like(grads[0]) if start is None else start.clone()
    rule = getattr(torch.optim, name)([weight], **options)
    for grad in grads:
        weight.grad = grad.clone()
        rule.step()
    return weight


def run_step(grads, **options):
    theta = torch.ones_like(grads[0])
    state = torch.zeros_like(theta), torch.zeros_like(theta)
    for step, grad in enumerate(grads, 1):
        theta, state = adam_step(theta, grad, state, step, **options)
    return theta


# The rule


@few
@given(
    st.floats(1e-4, 1),
    st.tuples(st.floats(0, 0.99), st.floats(0, 0.9999)),
    st.sampled_from([1e-10, 1e-8, 1e-3, 1.0]),
    st.floats(0, 0.5),
    st.booleans(),
)
def test_step_is_torchs(lr, betas, eps, decay, decoupled):
    grads = gradients(7)
    options = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": decay}
    torch.testing.assert_close(
        run_step(grads, **options, decoupled=decoupled),
        run("Adam", grads, **options, decoupled_weight_decay=decoupled),
    )


def test_step_takes_a_value_for_each_model():
    grads = gradients(6, (3, 4))
    lr = torch.tensor([[0.1], [0.2], [0.3]])
    decay = torch.tensor([[0.0], [0.1], [0.2]])
    kind = torch.tensor([[1.0], [0.0], [1.0]])
    stacked = run_step(grads, lr=lr, weight_decay=decay, decoupled=kind)
    for i, name in enumerate(("AdamW", "Adam", "AdamW")):
        options = {"lr": lr[i].item(), "weight_decay": decay[i].item()}
        alone = run(name, grads[:, i], **options)
        torch.testing.assert_close(stacked[i], alone, rtol=1e-6, atol=1e-6)


def test_step_does_not_change_its_arguments():
    theta, grad = torch.ones(2), torch.ones(2)
    state = torch.zeros(2), torch.zeros(2)
    adam_step(theta, grad, state, 1, 0.1, weight_decay=0.1)
    assert theta.equal(torch.ones(2)) and grad.equal(torch.ones(2))
    assert not state[0].any() and not state[1].any()


T = torch.zeros(2)
ERRORS = {
    r"must have one shape, got \[\(2,\), \(1,\), \(2,\), \(2,\)\]": (
        lambda: adam_step(T, T[:1], (T, T), 1, 0.1)
    ),
    "step must be at least 1, got 0": lambda: adam_step(T, T, (T, T), 0, 0.1),
    r"betas must be from 0 up to 1, without 1, got \(0.9, 1.0\)": (
        lambda: adam_step(T, T, (T, T), 1, 0.1, (0.9, 1.0))
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


# The formulas of the page, written out, against torch

LR, B1, B2, EPS = 0.01, 0.9, 0.999, 1e-8


def written(name, grads):
    theta, m, v, u, top = torch.ones(5).double(), 0.0, 0.0, 0.0, torch.zeros(5)
    product = 1.0
    for t, g in enumerate(grads, 1):
        m = B1 * m + (1 - B1) * g
        v = B2 * v + (1 - B2) * g**2
        m_hat, v_hat = m / (1 - B1**t), v / (1 - B2**t)
        if name == "AMSGrad":
            top = torch.maximum(top, v)
            theta = theta - LR * m_hat / ((top / (1 - B2**t)).sqrt() + EPS)
        elif name == "NAdam":
            mu, after = (B1 * (1 - 0.5 * 0.96 ** (s * 0.004)) for s in (t, t + 1))
            product *= mu
            m_hat = after * m / (1 - product * after) + (1 - mu) * g / (1 - product)
            theta = theta - LR * m_hat / (v_hat.sqrt() + EPS)
        elif name == "RAdam":
            limit = 2 / (1 - B2) - 1
            rho = limit - 2 * t * B2**t / (1 - B2**t)
            step = m_hat
            if rho > 5:
                r = (rho - 4) * (rho - 2) * limit
                r = math.sqrt(r / ((limit - 4) * (limit - 2) * rho))
                step = r * m_hat * math.sqrt(1 - B2**t) / (v.sqrt() + EPS)
            theta = theta - LR * step
        elif name == "Adamax":
            u = torch.maximum(B2 * torch.as_tensor(u), g.abs() + EPS)
            theta = theta - LR / (1 - B1**t) * m / u
    return theta


@pytest.mark.parametrize("name", ["AMSGrad", "NAdam", "RAdam", "Adamax"])
def test_formulas_of_the_family(name):
    grads = gradients(30) * torch.linspace(2, 0.1, 30)[:, None]
    torchs, options = name, {"lr": LR}
    if name == "AMSGrad":
        torchs, options = "Adam", {"lr": LR, "amsgrad": True}
    torch.testing.assert_close(written(name, grads), run(torchs, grads, **options))


@pytest.mark.parametrize("name", ["Adam", "NAdam", "RAdam"])
def test_the_flag_decouples(name):
    zero = torch.zeros(40, 3)
    options = {"lr": 0.1, "weight_decay": 0.2, "decoupled_weight_decay": True}
    shrunk = run(name, zero, **options)
    torch.testing.assert_close(shrunk, torch.full((3,), 0.98**40))


def test_defaults_in_the_table():
    weight = [torch.zeros(1)]
    defaults = {
        n: getattr(torch.optim, n)(weight).defaults
        for n in ("Adam", "AdamW", "NAdam", "RAdam", "Adamax")
    }
    lrs = {"Adam": 1e-3, "AdamW": 1e-3, "RAdam": 1e-3, "NAdam": 2e-3, "Adamax": 2e-3}
    assert {n: d["lr"] for n, d in defaults.items()} == lrs
    for d in defaults.values():
        assert d["betas"] == (0.9, 0.999) and d["eps"] == 1e-8
    assert "decoupled_weight_decay" not in defaults["Adamax"]
    assert not {"fused", "amsgrad"} & set(defaults["NAdam"])
    assert defaults["NAdam"]["momentum_decay"] == 0.004


# Numbers of the text


def test_bias_correction():
    without = [(1 - 0.9**t) / math.sqrt(1 - 0.999**t) for t in range(1, 3001)]
    peak = max(range(3000), key=without.__getitem__)
    assert peak == 11 and round(without[peak], 1) == 6.6  # the twelfth
    assert round(without[0], 1) == 3.2 and round(without[999], 1) == 1.3
    assert abs(without[-1] - 1) < 0.03
    assert (first_steps._lengths(torch.optim.Adam)[:50] - 1).abs().max() < 1e-4


def test_rectification():
    length = first_steps._lengths(torch.optim.RAdam)
    torch.testing.assert_close(length[:5], torch.full((5,), 1e-3).double())
    assert 0.02 < length[5] < 0.04
    assert round(length[999].item(), 2) == 0.65
    assert round(length[2999].item(), 2) == 0.92

    def first(beta2):
        limit = 2 / (1 - beta2) - 1
        for t in range(1, 100):
            if limit - 2 * t * beta2**t / (1 - beta2**t) > 5:
                return t
        return None

    assert {first(b) for b in (0.9, 0.95, 0.98, 0.99, 0.999, 0.9999)} == {6}
    assert first(0.66) is None and first(0.7) is not None


def test_momentum_schedule_of_nadam():
    mu = [0.9 * (1 - 0.5 * 0.96 ** (t * 0.004)) for t in (1, 4244, 4245)]
    assert round(mu[0], 2) == 0.45 and mu[1] < 0.675 <= mu[2]


def test_one_gradient_after_many_zeros():
    grads = torch.zeros(5001, 1, dtype=torch.float64)
    grads[-1] = 7.0
    assert 1 - run("Adam", grads, lr=1.0).item() == pytest.approx(10**0.5, rel=0.01)


def test_eps_in_the_table():
    grad = torch.full((1, 1), 1e-8, dtype=torch.float64)
    for name in ("Adam", "AdamW", "Adamax"):
        moved = 1 - run(name, grad, lr=1.0, weight_decay=0).item()
        assert moved == pytest.approx(0.5, abs=1e-6)
    assert 1 - run("NAdam", grad, lr=1.0).item() == pytest.approx(0.53, abs=0.01)


def test_noise():
    assert round(math.sqrt((1 - 0.9) / (1 + 0.9)), 2) == 0.23


def test_counterexample_is_torchs():
    for beta2, amsgrad in counterexample.RULES.values():
        weight = torch.zeros(1, dtype=torch.float64)
        options = {"betas": (0.9, beta2), "amsgrad": amsgrad}
        adam = torch.optim.Adam([weight], lr=counterexample.LR, **options)
        for step in range(3 * 101):
            weight.grad = torch.full_like(weight, -10.0 if step % 101 else 1010.0)
            adam.step()
            weight.clamp_(-1, 1)
        path = counterexample._path(beta2, amsgrad, periods=3)
        assert weight.item() == pytest.approx(path[-1], abs=1e-9)


def test_counterexample():
    ends = {k: counterexample._path(*rule) for k, rule in counterexample.RULES.items()}
    fast, ams, slow = ends.values()
    assert fast[200] == 1 and slow[-1] == 1 and 0 < slow[200] < 0.6
    assert -1 <= ams[-1] < -0.85
    assert sum([1010] + [-10] * 100) > 0  # so -1 is best


def test_shrinkage():
    adam, adamw = (
        [float(cell) for cell in row.split("|")[2:5]]
        for row in shrinkage.table().splitlines()[2:]
    )
    assert adam == [0.26, 0.99, 1.0] and adamw == [0.99] * 3


# Experiments


def interval(difference):
    """Mean and half of the 95 % interval, over the seeds in the last dimension."""
    n = difference.shape[-1]
    t = {4: 3.18, 6: 2.57, 16: 2.13}[n]
    return difference.mean(-1), t * difference.std(-1) / n**0.5


def test_digits_runs_are_torchs():
    """One setting and seed, trained by torch's own layers and optimizers."""
    lr, decay = torch.tensor([0.02]), torch.tensor([0.3])
    x, y, _, _ = digits_runs._data(1)
    for rule, kind in (("adam", 1.0), ("adam", 0.0), ("sgd", 0.0)):
        train, _ = digits_runs.digits_runs(rule, lr, decay, torch.tensor([kind]), 1, 8)
        generator = torch.Generator().manual_seed(1)
        layers = []
        for size, (rows, columns) in zip(
            digits_runs.SPLIT, digits_runs.SHAPES, strict=True
        ):
            values = 2 * torch.rand(1, size, generator=generator) - 1
            values = values * (rows > 1) / rows**0.5
            layers.append(values.view(rows, columns).requires_grad_())
        options = {"lr": 0.02, "weight_decay": 0.3}
        if rule == "sgd":
            optimizer = torch.optim.SGD(layers, momentum=0.9, **options)
        else:
            optimizer = (torch.optim.AdamW if kind else torch.optim.Adam)(
                layers, **options
            )

        def loss(rows, layers=layers):
            w1, b1, w2, b2 = layers
            z = (x[0, rows] @ w1 + b1).relu() @ w2 + b2
            return torch.nn.functional.cross_entropy(z, y[0, rows])

        for step in range(8):
            optimizer.param_groups[0]["lr"] = 0.02 * (1 - step / 8)
            optimizer.zero_grad()
            rows = torch.randint(200, (1, 50), generator=generator)[0]
            loss(rows).backward()
            optimizer.step()
        assert train.item() == pytest.approx(loss(slice(None)).item(), rel=1e-4)


def test_data_are_as_told():
    x, y, val_x, val_y = digits_runs._data(4)
    assert x.shape == (4, 200, 16) and val_x.shape == (4, 600, 16)
    assert x.mean().abs() < 0.05
    from sklearn.datasets import load_digits

    labels = torch.tensor(load_digits().target)
    generator = torch.Generator().manual_seed(0)
    order = torch.rand(4, len(labels), generator=generator).argsort(1)
    assert val_y.equal(labels[order[:, 200:800]])
    # a tenth of the replaced labels is right by chance
    assert 0.1 < (y != labels[order[:, :200]]).float().mean() < 0.17


def test_tuned_decays_agree():
    losses = decay_grid._losses()
    mean = losses.mean(-1)
    coupled, decoupled = mean[0].min(), mean[1].min()
    best = [losses[k].flatten(0, 1)[mean[k].argmin()] for k in (0, 1)]
    difference, half = interval(best[1] - best[0])
    assert difference.abs() < 0.03 and difference.abs() < half
    none = mean[0, :, 0]
    assert mean[1, :, 0].allclose(none)  # decay 0 is one rule
    assert none.min() - max(coupled, decoupled) > 0.005
    # the rate of 0.1 is rescued by both
    assert none[3] > 1.05 and mean[:, 3].amin(1).max() < 0.72
    # the best of AdamW does not move from 0.03 to 0.1
    assert mean[1, 2].argmin() == mean[1, 3].argmin() == 3
    assert (mean[0, 2:].argmin(1) - 2.5).abs().max() < 1


def test_tuned_decays_agree_on_more_seeds():
    rate, decay = torch.tensor([0.01, 0.03, 0.03]), torch.tensor([0.0, 0.003, 0.3])
    kind = torch.tensor([0.0, 0.0, 1.0])
    _, val = digits_runs.digits_runs("adam", rate, decay, kind, 16, decay_grid.STEPS)
    none, coupled, decoupled = val
    mean, half = interval(decoupled - coupled)
    assert mean.abs() < 0.008 and half == pytest.approx(0.008, abs=0.003)
    for kind in (coupled, decoupled):
        assert (none - kind).mean() == pytest.approx(0.022, abs=0.01)


def test_learning_rates():
    losses = learning_rates._losses()
    x = learning_rates.RATES.log10()
    best, widths = {}, {}
    for name, loss in losses.items():
        mean = loss.mean(1)
        best[name] = loss[mean.argmin()]
        fine = torch.linspace(-4, 1, 5001)
        i = torch.searchsorted(x, fine).clamp(1, len(x) - 1)
        share = (fine - x[i - 1]) / (x[i] - x[i - 1])
        curve = mean[i - 1] + share * (mean[i] - mean[i - 1])
        widths[name] = (curve < 1).float().mean().item() * 5
    adam, sgd = losses
    assert learning_rates.RATES[losses[adam].mean(1).argmin()] == pytest.approx(0.01)
    assert learning_rates.RATES[losses[sgd].mean(1).argmin()] == pytest.approx(0.1)
    assert widths[adam] == pytest.approx(1.0, abs=0.12)
    assert widths[sgd] == pytest.approx(1.2, abs=0.12)
    difference, half = interval(best[sgd] - best[adam])
    assert difference.abs() < half
    default = learning_rates.RATES.log10().add(3).abs().argmin()
    assert losses[adam].mean(1)[default] > 1.7 and losses[sgd].mean(1)[default] > 2.1
