"""The search snippets against brute force, and what the page claims."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snippets.training.search import axes, budget, curse, halving, projection
from snippets.training.search.expected_best import expected_best
from snippets.training.search.sample_space import sample_space
from snippets.training.search.trials import HIGH, LOW, _digits, trials

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


@few
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=7), st.booleans())
def test_expected_best_is_the_mean_over_all_subsets(scores, lowest):
    pick = min if lowest else max
    expected = [
        sum(map(pick, subsets)) / len(subsets)
        for k in range(1, len(scores) + 1)
        for subsets in [list(itertools.combinations(scores, k))]
    ]
    found = expected_best(torch.tensor(scores, dtype=torch.float64), lowest)
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


def test_expected_best_of_many():
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(1000, generator=generator).double()
    best = expected_best(scores)
    assert best[0] == pytest.approx(scores.mean().item(), abs=1e-9)
    assert best[-1] == pytest.approx(scores.max().item(), abs=1e-6)
    assert (best.diff() > 0).all()
    assert torch.equal(best, expected_best(scores.flip(0)))
    assert torch.allclose(expected_best(-scores, lowest=True), -best)
    picks = torch.rand(4000, 1000, generator=generator).topk(16).indices
    drawn = scores[picks].amax(1).mean()
    assert best[15].item() == pytest.approx(drawn.item(), abs=0.05)
    assert expected_best(scores.float()).dtype == torch.float32


@pytest.mark.parametrize(
    "scores",
    [torch.tensor([]), torch.ones(2, 2), torch.tensor([1.0, math.nan])],
)
def test_expected_best_refuses(scores):
    with pytest.raises(ValueError, match="scores must be a finite vector, got"):
        expected_best(scores)


SPACE = {
    "lr": ("log", 1e-4, 1.0),
    "dropout": ("uniform", -0.5, 0.5),
    "kind": ["a", "b", "c", "d"],
}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sample_space_is_even_in_every_setting(seed):
    points = sample_space(SPACE, 64, seed)
    logs = torch.tensor([math.log10(p["lr"]) for p in points])
    assert torch.histc((logs + 4) / 4, 64, 0, 1).max() == 1
    drops = torch.tensor([p["dropout"] for p in points])
    assert torch.histc(drops + 0.5, 64, 0, 1).max() == 1
    kinds = [p["kind"] for p in points]
    assert {k: kinds.count(k) for k in "abcd"} == dict.fromkeys("abcd", 16)
    assert sample_space(SPACE, 64, seed) == points
    assert sample_space(SPACE, 10, seed) == points[:10]
    assert sample_space(SPACE, 64, seed + 10) != points
    assert list(points[0]) == list(SPACE)


WRONG = {
    "n must be positive, got 0": (SPACE, 0),
    r"lr must be .* got \('log', 0\.0, 1\.0\)": ({"lr": ("log", 0.0, 1.0)}, 4),
    r"lr must be .* got \('log', 1\.0, 0\.1\)": ({"lr": ("log", 1.0, 0.1)}, 4),
    r"a must be .* got \('normal', 0, 1\)": ({"a": ("normal", 0, 1)}, 4),
    r"a must be .* got \('log', 1\)": ({"a": ("log", 1)}, 4),
    r"a must be .* got \[\]": ({"a": []}, 4),
}


@pytest.mark.parametrize("message", WRONG)
def test_sample_space_refuses(message):
    with pytest.raises(ValueError, match=message):
        sample_space(*WRONG[message])


def test_a_trial_is_a_training_with_torchs_adamw():
    units = torch.tensor([[0.6, 0.3, 0.9, 0.8], [0.8, 0.7, 0.2, 0.1]])
    x, y = _digits()
    lr, rest, decay, smoothing = (LOW * (HIGH / LOW) ** units).T.tolist()
    generator = torch.Generator().manual_seed(5)
    first = [
        (torch.rand(2, *s, generator=generator) * 2 - 1) * limit
        for s, limit in (((16, 12), 0.61), ((1, 12), 0.0), ((12, 10), 0.7))
    ]
    rows = [torch.randint(500, (2, 16), generator=generator) for _ in range(12)]
    for total in (None, 40):
        validation, test = trials(units, 12, total, seed=5)
        for n in range(2):
            w = [v[n].clone().requires_grad_() for v in first]
            optimizer = torch.optim.AdamW(
                w, lr[n], betas=(1 - rest[n], 0.999), weight_decay=decay[n]
            )
            schedule = torch.optim.lr_scheduler.LambdaLR(
                optimizer, lambda k, total=total: 1 - k / (total or 12)
            )
            for draw in rows:
                z = (x[draw[n]] @ w[0] + w[1]).relu() @ w[2]
                loss = nn.functional.cross_entropy(
                    z, y[draw[n]], label_smoothing=smoothing[n]
                )
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
            right = ((x[500:] @ w[0] + w[1]).relu() @ w[2]).argmax(1) == y[500:]
            right = right.float()
            assert right[:200].mean().item() == pytest.approx(
                validation[n].item(), abs=0.011
            )
            assert right[200:].mean().item() == pytest.approx(test[n].item(), abs=0.006)
    with pytest.raises(ValueError, match=r"units must be \(n, 4\), got \(3, 2\)"):
        trials(torch.ones(3, 2))


# What the page claims


def test_the_learning_rate_explains_nearly_all():
    _, score, shares = axes._measure()
    assert 0.85 < shares[0] < 0.95 and shares[1:].abs().max() < 0.03
    assert score.quantile(0.1) < 0.15 and score.max() > 0.8


def test_projection():
    points = projection._points()
    rates = {name: len(units[:, 0].unique()) for name, units in points.items()}
    assert rates == {"grid": 4, "random": 16, "Sobol": 16}
    assert torch.histc(points["Sobol"][:, 0], 16, 0, 1).max() == 1


def test_16_trials():
    placed, middle, rand, sobol = budget._found().values()
    assert placed.mean() < rand.mean() < middle.mean()
    assert placed.mean() < sobol.mean() - 0.01
    assert placed.min() < 0.72 and placed.std() > 2 * sobol.std()
    assert sobol.min() > 0.77 and rand.min() > 0.72
    assert rand.mean() == pytest.approx(0.81, abs=0.015)


def test_81_trials_are_level(monkeypatch):
    monkeypatch.setattr(budget, "SEARCHES", 4)
    monkeypatch.setattr(budget, "SIDE", 3)
    means = [found.mean().item() for found in budget._found().values()]
    assert max(means) - min(means) < 0.06


def test_best_of_k():
    best, picked, ends = curse._measure()
    assert best[0] == pytest.approx(0.42, abs=0.03)
    assert best[15] == pytest.approx(0.83, abs=0.01)
    assert best[63] == pytest.approx(0.855, abs=0.01)
    gap = best - picked
    assert 0.02 < gap[63] < 0.045 and gap[63] > gap[3]
    assert (ends[0] <= best[:64]).all() and (ends[1] >= best).all()
    validation, _ = trials(torch.full((200, 4), 0.75), seed=1)
    assert 0.015 < validation.std() < 0.04


def test_short_runs():
    agree, rate = halving._measure()
    assert (agree.diff() > -0.02).all()
    assert 0.6 < agree[1, 0] < agree[0, 0] < 0.85
    assert agree[0, 4] < 0.95 and agree[0, 4] - agree[0, 3] < 0.05
    assert 1.8 < rate[1, 0] / rate[1, 4] < 5
    assert rate[1, 0] > rate[1, 1] > rate[1, 3]


def test_arithmetic():
    assert pytest.approx(0.56, abs=0.005) == 1 - 0.95**16
    assert 1 - 0.95**58 < 0.95 < 1 - 0.95**59
    assert pytest.approx(0.9, abs=0.005) == 1 - (0.01 - 1e-4) / (0.1 - 1e-4)
