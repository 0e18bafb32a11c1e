"""The claims of the page on regression losses that its findings do not carry."""

import pytest
import torch

from snippets.evidence.regression import l1_speed, outliers, quantiles
from tests.evidence.stored import stored

BOTH = pytest.mark.parametrize("run", range(2))


def means(experiment, run):
    """What the experiment returned, means over the seeds."""
    return {name: v.mean(-1) for name, v in stored(experiment)[run].items()}


@BOTH
def test_outliers_in_targets_and_in_inputs(run):
    scores = means(outliers, run)
    mse, l1, huber, cauchy = scores["network"].T
    assert mse[2] > 2 * huber[2]
    assert huber[2] - huber[0] < 0.15
    assert l1[4] - l1[0] > 0.1  # a bias
    for case in range(1, 5):
        assert cauchy[case] < min(l1[case], huber[case]) < mse[case]
    mse, l1, huber, cauchy = scores["line"].T
    assert l1[4] > 2.1 and huber[4] > 2.1 and cauchy[4] < 0.3
    # Nearer in, the order is another: L1 and Huber hold out longer.
    assert l1[1] < mse[1] / 2 and l1[2] < mse[2] / 2


@BOTH
def test_l1_is_behind_with_adam_at_every_length(run):
    scores = means(l1_speed, run)
    for schedule in l1_speed.SCHEDULES:
        mse, huber, l1 = scores[f"Adam {schedule}"].T
        assert (l1 - mse > 0.02).all()
        assert (huber - mse).abs().max() < 0.03
    mse, _, l1 = scores["SGD decayed"].T
    assert l1[0] < mse[0] and (l1[1:] > mse[1:] + 0.02).all()
    # The decay helps every loss.
    for name in l1_speed.RATES:
        assert (scores[f"{name} decayed"][-1] < scores[f"{name} constant"][-1]).all()


@BOTH
def test_shares_below(run):
    scores = means(quantiles, run)
    assert ((scores["pinball"] - 0.9).abs() < 0.01).all()
    normal, skewed, heavy = 100 * scores["squared 9:1"]
    assert normal == pytest.approx(80.5, abs=1)
    assert 5 < skewed - normal < heavy - normal < 10


def test_only_the_share_that_is_meant_is_contaminated():
    clean, y = outliers._data(0, "network", 0.0, "+-")
    both, moved = outliers._data(0, "network", 0.2, "+-")
    assert torch.equal(clean, both)
    off = (moved - y).round(decimals=3)
    assert set(off.unique().tolist()) == {-10.0, 0.0, 10.0}
    for part in (slice(None, outliers.TRAIN), slice(outliers.TRAIN, None)):
        assert (off[:, part] != 0).float().mean() == pytest.approx(0.2)
    _, up = outliers._data(0, "network", 0.05, "+")
    assert ((up - y).round(decimals=3) == 10).float().mean() == pytest.approx(0.05)
    x, same = outliers._data(0, "line", 0.05, "20")
    assert torch.equal(same, outliers._data(0, "line", 0.0, "x")[1])
    assert (x == 20).float().mean() == pytest.approx(0.05)


@pytest.mark.parametrize("error", [-3.0, -0.5, 0.5, 3.0])
def test_the_four_losses(error):
    e = torch.tensor([error])
    by_name = {name: loss(e).item() for name, loss in outliers.LOSSES.items()}
    huber = 0.5 * error**2 if abs(error) < 1 else abs(error) - 0.5
    cauchy = torch.tensor(1 + (error / 2.385) ** 2).log().item()
    want = {"MSE": error**2, "L1": abs(error), "Huber": huber, "Cauchy": cauchy}
    assert by_name == pytest.approx(want)


def test_each_network_gets_its_own_loss():
    x, y = torch.randn(2, 20, 1)
    for i, loss in enumerate(l1_speed.LOSSES.values()):
        got = l1_speed._loss(lambda x: 3 * x, x, y, torch.eye(3)[i])
        assert torch.isclose(got, loss(3 * x, y))


def test_losses_share_data_and_runs_do_not():
    (parts, truth), (others, _) = l1_speed._data(0), l1_speed._data(1)
    (x, y), _, (_, noisy) = parts
    seeds = l1_speed.SEEDS
    assert torch.equal(x[:seeds], x[seeds : 2 * seeds])
    assert torch.equal(y[:seeds], y[2 * seeds :])
    assert (noisy - truth).std() == pytest.approx(0.1, abs=0.01)
    assert not torch.isclose(x, others[0][0]).any(dim=2).all()


def test_the_schedule_of_the_decayed_runs_falls_to_zero(monkeypatch):
    calls = []

    def watched(model, optimizer, loss, batches, factor):
        steps = sum(1 for _ in batches)
        calls.append((steps, factor(0), factor(steps // 2), factor(steps)))
        return train(model, optimizer, loss, [], factor)

    def train(*_):
        return None

    def first(validation, scores, space):
        return scores[0]

    monkeypatch.setattr(l1_speed, "train", watched)
    monkeypatch.setattr(l1_speed, "BUDGETS", [2, 4, 8])
    monkeypatch.setattr(l1_speed, "PARTS", [8, 2, 2])
    monkeypatch.setattr(l1_speed, "SEEDS", 1)
    monkeypatch.setattr(l1_speed, "tuned", first)
    l1_speed.experiment(0)
    assert calls[:3] == [(steps, 1.0, 1.0, 1.0) for steps in l1_speed.BUDGETS]
    assert calls[3:6] == [(steps, 1.0, 0.5, 0.0) for steps in l1_speed.BUDGETS]


@pytest.mark.parametrize(
    ("noise", "level"),
    [("normal", 1.2816), ("exponential", 2.3026), ("t with 2 df", 1.8856)],
)
def test_noises_have_their_90_percent_point(noise, level):
    u = torch.tensor([0.9], dtype=torch.float64)
    assert quantiles.NOISES[noise](u).item() == pytest.approx(level, abs=1e-4)


def test_both_losses_ask_nine_to_one():
    sample = torch.linspace(0.0005, 0.9995, 1000)
    best = {}
    for name, cost in quantiles.LOSSES.items():
        grid = torch.linspace(0, 1, 401)
        best[name] = grid[cost(sample - grid[:, None]).mean(1).argmin()].item()
    assert best["pinball"] == pytest.approx(0.9, abs=0.005)
    # The 0.9-expectile of a uniform sample: 0.9 (1 - m)^2 = 0.1 m^2.
    assert best["squared 9:1"] == pytest.approx(0.75, abs=0.005)
