"""The noise scale on known noise, the trainer against torch, and what the page says."""

import math

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, Adam, AdamW

from snippets.training.batch_size import equal_epochs, equal_steps
from snippets.training.batch_size.gradient_noise_scale import gradient_noise_scale
from snippets.training.batch_size.losses_by_rate import losses_by_rate
from snippets.training.batch_size.lowest import lowest
from snippets.training.batch_size.same_half_life import same_half_life

# The noise scale


@pytest.mark.parametrize(("small", "large"), [(1, 64), (4, 32)])
@pytest.mark.parametrize("deviation", [1.0, 4.0])
def test_noise_scale_of_a_gaussian(small, large, deviation):
    generator = torch.Generator().manual_seed(0)
    signal = torch.linspace(0.5, 1.5, 20)
    expected = 20 * deviation**2 / signal.square().sum().item()
    squares = []
    for batch in (small, large):
        noise = torch.randn(20000, 20, generator=generator) * deviation / batch**0.5
        squares.append((signal + noise).square().sum(1).mean().item())
    found = gradient_noise_scale(*squares, small, large)
    assert math.isclose(found, expected, rel_tol=0.05)


def test_noise_scale_at_its_ends():
    assert gradient_noise_scale(1.0, 1.0, 1, 8) == 0  # no noise
    assert gradient_noise_scale(1.0, 1.1, 1, 8) == 0  # less than none: chance
    assert gradient_noise_scale(8.0, 1.0, 1, 8) == math.inf  # noise only
    assert gradient_noise_scale(9.0, 1.0, 1, 8) == math.inf


def test_noise_scale_has_no_unit():
    found = [gradient_noise_scale(s * 5.0, s * 2.0, 2, 16) for s in (1, 100)]
    assert math.isclose(*found)


# The trainer


@pytest.mark.parametrize(("kind", "lr"), [(SGD, 0.3), (Adam, 0.03)])
def test_trainer_is_torch_at_that_rate(kind, lr):
    """One run written out with nn.Linear and the optimizer at its own rate."""
    found = losses_by_rate(kind, torch.tensor([0.01, lr]), 16, 12, runs=1)[1, 0]
    images, labels = load_digits(return_X_y=True)
    generator = torch.Generator().manual_seed(0)
    order = torch.randperm(len(labels), generator=generator)
    x = torch.tensor(images, dtype=torch.float32)[order].view(-1, 1, 8, 8)
    x = F.avg_pool2d(x, 2).flatten(1)
    x = (x - x.mean(0)) / (x.std(0) + 1)
    y = torch.tensor(labels)[order]
    model = nn.Sequential(nn.Linear(16, 16), nn.ReLU(), nn.Linear(16, 10))
    for layer in (model[0], model[2]):
        for p, shape in (layer.weight, layer.weight.T.shape), (layer.bias, (1, None)):
            size = (*shape[:1], p.shape[0])
            draw = torch.rand(1, 1, *size, generator=generator) / 2 - 0.25
            p.data = draw[0, 0].T.contiguous().view(p.shape)
    optimizer = kind(model.parameters(), lr)
    for _ in range(12):
        rows = torch.randint(1024, (1, 16), generator=generator)[0]
        optimizer.zero_grad()
        F.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        expected = F.cross_entropy(model(x[1024:]), y[1024:])
    torch.testing.assert_close(found, expected, rtol=2e-3, atol=0)


def test_divergence_is_infinite():
    loss = losses_by_rate(SGD, torch.tensor([0.1, 1e4]), 8, 60, runs=2)
    assert loss[0].isfinite().all() and (loss[1] > 100).all()
    assert not loss.isnan().any()


def test_lowest():
    x = torch.linspace(-1, 2, 7)
    for bottom in (-0.6, 0.0, 0.9, 1.4):
        y = 3 * (x - bottom) ** 2 + 1
        torch.testing.assert_close(lowest(x, y), torch.tensor(bottom))
    assert lowest(x, x) == -1 and lowest(x, -x) == 2
    y = (x - 0.4) ** 2
    y[4:] = torch.inf
    assert lowest(x, y) == 0.5 - 0.0
    both = torch.stack([(x - 0.4) ** 2, (x - 1.1) ** 2], 1)
    torch.testing.assert_close(lowest(x, both), torch.tensor([0.4, 1.1]))


def test_same_half_life():
    for decay, factor in (0.9, 4), (0.999, 1 / 64), (0.95, 1):
        new = same_half_life(decay, factor)
        assert math.isclose(math.log(new), factor * math.log(decay))
    assert same_half_life(0.0, 2) == 0


ERRORS = {
    "small must be in 1 to large - 1, got 8 and 8": lambda: gradient_noise_scale(
        2, 1, 8, 8
    ),
    "got 0 and 8": lambda: gradient_noise_scale(2, 1, 0, 8),
    "small_square must be positive and finite, got nan": lambda: gradient_noise_scale(
        math.nan, 1, 1, 8
    ),
    "large_square must be positive and finite, got 0": lambda: gradient_noise_scale(
        1, 0, 1, 8
    ),
    "kind must be SGD or Adam, got .*AdamW": lambda: losses_by_rate(
        AdamW, torch.ones(1), 2, 1
    ),
    "got 2, 2": lambda: lowest(torch.ones(2), torch.ones(2)),
    "got 4, 3": lambda: lowest(torch.ones(4), torch.ones(3)),
    "decay must be from 0 to below 1, got 1": lambda: same_half_life(1, 2),
    "decay must be from 0 to below 1, got -0.1": lambda: same_half_life(-0.1, 2),
    "factor must be positive and finite, got 0": lambda: same_half_life(0.9, 0),
    "factor must be positive and finite, got inf": lambda: same_half_life(
        0.9, math.inf
    ),
}


@pytest.mark.parametrize("message", ERRORS)
def test_errors(message):
    with pytest.raises(ValueError, match=message):
        ERRORS[message]()


# The claims


def power(best: torch.Tensor, part: slice) -> float:
    """Slope of log rate over log batch size."""
    x = torch.tensor(equal_epochs.BATCHES).log10()[part]
    y = best.mean(1)[part]
    x = x - x.mean()
    return (x @ y / (x @ x)).item()


def test_best_rates_at_equal_epochs():
    best = equal_epochs._best()
    assert abs(power(best[SGD], slice(0, 4)) - 0.84) < 0.07
    assert abs(power(best[SGD], slice(3, 7)) - 0.38) < 0.09
    assert abs(power(best[Adam], slice(0, 7)) - 0.63) < 0.04
    ends = {kind: 10 ** b.mean(1) for kind, b in best.items()}
    for kind, i, rate in (SGD, 0, 0.23), (SGD, 3, 1.3), (SGD, 6, 3.0):
        assert math.isclose(ends[kind][i], rate, rel_tol=0.1)
    for i, rate in (0, 0.014), (6, 0.19):
        assert math.isclose(ends[Adam][i], rate, rel_tol=0.1)


def test_equal_epochs_and_equal_steps():
    found = equal_steps._losses()
    for name in ("SGD", "Adam"):
        epochs, steps = found[name, "epochs"][0], found[name, "steps"][0]
        assert epochs[0] + 0.02 < epochs[1] < epochs[2] - 0.1
        assert steps[0] > steps[1] + 0.2 > steps[2] + 0.2
        assert epochs[1] == steps[1]
    for key, expected in {
        ("SGD", "epochs"): (0.48, 0.95),
        ("Adam", "epochs"): (0.43, 0.61),
        ("SGD", "steps"): (0.93, 0.41),
        ("Adam", "steps"): (0.75, 0.40),
    }.items():
        for value, shown in zip(found[key][0][::2], expected, strict=True):
            assert abs(value - shown) < 0.03
    assert len(set(found["Adam", "steps"][1])) == 1
    rates = found["Adam", "epochs"][1]
    assert math.isclose(rates[0], 0.018, rel_tol=0.02) and math.isclose(
        rates[2], 0.1, rel_tol=0.01
    )
