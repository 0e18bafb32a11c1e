"""Signals against naive loops, early stopping against its rule, the page's claims."""

import copy
import functools
import math

import pytest
import torch
from torch import nn

from snippets.training.monitoring import healthy_and_broken, update_ratio
from snippets.training.monitoring.early_stopping import EarlyStopping
from snippets.training.monitoring.runs import runs
from snippets.training.monitoring.training_signals import training_signals

# Signals


def model_with_gradients(dtype=torch.float32):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 7), nn.ReLU(), nn.Linear(7, 3)).to(dtype)
    model(torch.randn(4, 5, dtype=dtype)).square().sum().backward()
    return model


def naive(model, old):
    """The definitions, number by number, in float64."""
    weights = [w for p in old for w in p.double().flatten().tolist()]
    new = [w for p in model.parameters() for w in p.double().flatten().tolist()]
    grads = [
        g
        for p in model.parameters()
        if p.grad is not None
        for g in p.grad.double().flatten().tolist()
    ]
    weight = math.sqrt(sum(w * w for w in weights))
    moved = math.sqrt(sum((a - b) ** 2 for a, b in zip(new, weights, strict=True)))
    return {
        "grad_norm": math.sqrt(sum(g * g for g in grads)),
        "weight_norm": weight,
        "update_ratio": moved / weight,
        "zero_grads": sum(g == 0 for g in grads) / len(grads),
        "nonfinite_grads": sum(not math.isfinite(g) for g in grads),
        "without_grad": sum(p.grad is None for p in model.parameters()),
    }


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop"])
def test_signals_are_the_definitions(name, dtype):
    model = model_with_gradients(dtype)
    model[2].bias.grad = None
    model[0].weight.grad[0] = 0
    old = [p.detach().clone() for p in model.parameters()]
    optimizer = getattr(torch.optim, name)(model.parameters(), lr=0.01)
    assert training_signals(model, optimizer.step) == pytest.approx(
        naive(model, old), rel=1e-5
    )


def test_signals_step_once_and_see_the_gradient_before_it():
    model = model_with_gradients()
    twin = copy.deepcopy(model)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        b.grad = a.grad.clone()
    make = functools.partial(torch.optim.SGD, lr=0.1, momentum=0.9)
    ours, theirs = make(model.parameters()), make(twin.parameters())

    def clip_and_step():
        nn.utils.clip_grad_norm_(model.parameters(), 0.5)
        ours.step()

    full = nn.utils.clip_grad_norm_(twin.parameters(), 0.5)
    theirs.step()
    out = training_signals(model, clip_and_step)
    assert out["grad_norm"] == pytest.approx(full.item()) and full > 1
    assert out["update_ratio"] * out["weight_norm"] == pytest.approx(0.05, rel=1e-4)
    for a, b in zip(model.parameters(), twin.parameters(), strict=True):
        assert a.equal(b)


def test_signals_count_what_is_not_finite():
    model = model_with_gradients()
    model[0].weight.grad[0, 0] = math.nan
    model[0].weight.grad[1, 1] = -math.inf
    out = training_signals(model, lambda: None)
    assert out["nonfinite_grads"] == 2
    assert out["update_ratio"] == 0
    assert not math.isfinite(out["grad_norm"])


def test_signals_leave_frozen_parameters_out():
    model = model_with_gradients()
    model[0].requires_grad_(False)
    out = training_signals(model, lambda: None)
    rest = torch.cat([p.detach().flatten() for p in model[2].parameters()])
    assert out["weight_norm"] == pytest.approx(rest.norm().item())
    assert out["without_grad"] == 0


def test_signals_refuse_a_model_without_gradients():
    with pytest.raises(ValueError, match="between backward and step"):
        training_signals(nn.Linear(2, 2), lambda: None)


def test_ratio_of_zero_weights_is_infinite():
    weight = nn.ParameterList([torch.zeros(3)])
    weight[0].grad = torch.ones(3)
    step = torch.optim.SGD(weight.parameters(), lr=1.0).step
    assert training_signals(weight, step)["update_ratio"] == math.inf


# Early stopping


def stopped_at(values, **options):
    stop, model = EarlyStopping(**options), nn.Linear(1, 1)
    for i, value in enumerate(values):
        nn.init.constant_(model.weight, i)
        if stop(value, model):
            stop.restore(model)
            return i, int(model.weight.item())
    return None


@pytest.mark.parametrize(
    ("values", "options", "expected"),
    [
        ([3, 2, 1, 0], {"patience": 1}, None),
        ([3, 2, 2, 1], {"patience": 1}, (2, 1)),  # equal is no improvement
        ([3, 2, 4, 1, 2, 2], {"patience": 2}, (5, 3)),  # the count starts again
        ([1, 2, 3, 2, 1], {"patience": 2, "maximize": True}, (4, 2)),
        ([3, 2.9, 2.8, 2.7], {"patience": 2, "min_delta": 0.25}, (2, 0)),
        ([1, math.nan, math.nan], {"patience": 2}, (2, 0)),
    ],
)
def test_early_stopping(values, options, expected):
    assert stopped_at(values, **options) == expected


def test_early_stopping_keeps_a_copy_with_buffers():
    stop, model = EarlyStopping(1), nn.BatchNorm1d(2)
    stop(1.0, model)
    model(torch.randn(8, 2))
    nn.init.constant_(model.weight, 5)
    stop.restore(model)
    assert model.num_batches_tracked == 0
    assert model.weight.equal(torch.ones(2))


def test_early_stopping_refuses():
    with pytest.raises(ValueError, match="patience must be at least 1, got 0"):
        EarlyStopping(0)
    with pytest.raises(ValueError, match="min_delta must be at least 0, got -1"):
        EarlyStopping(1, -1)
    stop = EarlyStopping(1)
    assert stop(math.nan, nn.Linear(1, 1))
    with pytest.raises(ValueError, match="no weights to restore"):
        stop.restore(nn.Linear(1, 1))


# The runs, and what the page says of them


def test_runs_are_what_the_signals_say():
    """One network of `runs` against a module, an optimizer and `training_signals`."""
    out = runs([0.0, 0.03], update_ratio.SGD, seeds=3, steps=6)
    assert out["loss"].shape == (6, 2, 3) and out["validation"].shape == (2, 3)
    assert out["loss"][:, 0].std(0).max() < 1  # rate 0: only batches differ
    first = out["update_ratio"][0] * out["weight_norm"][0] / out["grad_norm"][0]
    torch.testing.assert_close(first[1], torch.full((3,), 0.03))
    thinned = runs([0.0, 0.03], update_ratio.SGD, seeds=3, steps=6, every=2)
    for name in ("loss", "update_ratio", "zero_grads"):
        torch.testing.assert_close(thinned[name], out[name][::2])
    with pytest.raises(ValueError, match="got 'none'"):
        runs([0.1], torch.optim.Adam, "none")


def ends(table, row):
    """The cells of a row after its name, as pairs of start and end."""
    lines = [line for line in table.splitlines() if row in line.split("|")[1]]
    cells = [[c.strip() for c in line.split("|")[2:-1]] for line in lines]
    return [
        [float(part.strip("% ")) for cell in row for part in cell.split("→")]
        for row in cells
    ]


def test_the_table_tells_the_faults_apart():
    table = healthy_and_broken.table()
    for _, _, _, _, ratio, late, zeros in ends(table, "healthy"):
        assert 5e-3 < late < ratio < 4e-2 and zeros < 10
    for start, end, _, _, ratio, late, zeros in ends(table, "lr / 100"):
        assert max(ratio, late) < 5e-4 and zeros < 10 and start >= end >= 2
    for _, end, _, _, ratio, late, zeros in ends(table, "lr × 100"):
        assert ratio > 0.1 and late < 2e-2 and zeros > 90 and end >= 2
    for _, _, early, late, *_ in ends(table, "zero_grad"):
        assert late > 4 * early
    for start, end, norm, _, _, _, zeros in ends(table, "dead"):
        assert start == end == 2 and norm < 0.5 and zeros > 90
    for start, _, norm, *_ in ends(table, "weights"):
        assert start > 100 and norm > 50


def best(rates, make, steps):
    """The update ratio at the rate of the lowest validation loss; not at an edge."""
    out = runs(rates, make, seeds=4, steps=steps, every=10)
    place = out["validation"].mean(1).argmin().item()
    assert 0 < place < len(rates) - 1
    return out["update_ratio"].median(0).values.mean(1)[place].item()


def test_the_best_ratio_is_that_of_both_and_falls_with_the_length_of_the_run():
    adam, sgd = torch.optim.Adam, update_ratio.SGD
    assert best([3e-3, 1e-2, 3e-2], adam, 80) == pytest.approx(1e-2, rel=0.3)
    assert best([1e-2, 3e-2, 0.1], sgd, 80) == pytest.approx(1e-2, rel=0.3)
    assert best([3e-4, 1e-3, 3e-3], adam, 1280) == pytest.approx(7e-4, rel=0.3)
