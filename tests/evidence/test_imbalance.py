"""The experiments on class imbalance measure what they say, and the page says no more."""

import math

import pytest
import torch
from sklearn.metrics import average_precision_score, balanced_accuracy_score
from torch.distributions import Normal
from torch.nn import functional as F

from snippets.evidence.imbalance import clouds, remedies, twice, zero_bias
from snippets.losses.imbalance.focal_loss import focal_loss
from tests.evidence.stored import stored
from tools import evidence

RUNS = pytest.mark.parametrize("run", range(evidence.RUNS))


# What is measured.


def test_the_truth_is_the_ratio_of_the_densities():
    x = clouds._clouds(30, 50, seed=3)

    def density(centre, spread):
        return Normal(torch.tensor(centre), spread).log_prob(x).sum(1)

    first = density([3.0, 0, 0, 0, 0], 0.8)
    second = density([0, 3.0, 0, 0, 0], 0.8)
    rare = torch.logaddexp(first, second) - math.log(2)
    common = density([0.0] * 5, 1.0)
    assert torch.allclose(clouds._log_ratio(x), rare - common, atol=1e-4)
    # Rare points come first, half of them in each cloud.
    big = clouds._clouds(4000, 4000, seed=0)
    means = [part[:, :2].mean(0).round().tolist() for part in big.split(2000)]
    assert means == [[3, 0], [0, 3], [0, 0], [0, 0]]
    assert (clouds._log_ratio(big)[:4000] > 0).float().mean() > 0.9


def test_average_precision_and_threshold_are_those_of_sklearn():
    z = torch.randn(3, 500, generator=torch.Generator().manual_seed(0))
    z[:, :50] += 1
    y = (torch.arange(500) < 50).long()
    ours = clouds._precision(z, 50, 9)
    theirs = [average_precision_score(y, row) for row in z]
    assert torch.allclose(ours, torch.tensor(theirs, dtype=torch.float32), atol=1e-5)
    # A negative that counts ten times is as good as ten equal ones.
    thrice = torch.cat([z[0, :50], z[0, 50:].repeat(10)])
    y_thrice = (torch.arange(len(thrice)) < 50).long()
    many = average_precision_score(y_thrice, thrice)
    assert abs(clouds._precision(z[0], 50, 90) - many) < 0.01
    cut = clouds._threshold(z[0], 50)
    best = max(balanced_accuracy_score(y, z[0] > t) for t in z[0, :50] - 1e-4)
    assert balanced_accuracy_score(y, z[0] > cut) == pytest.approx(best)


def test_a_network_is_judged_at_the_ratio_and_its_shift_undone():
    x = clouds._clouds(clouds.RARE, clouds.TEST, seed=5)
    truth = clouds._log_ratio(x) - math.log(100)
    valid = clouds._log_ratio(clouds._clouds(200, 5000, seed=6))
    judged = clouds._judge(truth, valid, 200, 100, 0.0)
    _, half, tuned, right, undone = map(float, judged)
    assert right == undone
    shifted = clouds._judge(truth + 2, valid, 200, 100, 2.0)
    assert shifted[3] > right + 0.01
    assert shifted[4].item() == pytest.approx(right, rel=1e-3)
    weight = torch.tensor(
        [1 / clouds.RARE] * clouds.RARE + [100 / clouds.TEST] * clouds.TEST
    )
    y = (torch.arange(len(x)) < clouds.RARE).float()
    nll = F.binary_cross_entropy_with_logits(truth, y, weight / 101, reduction="sum")
    assert right == pytest.approx(nll.item(), rel=1e-3)
    assert half == pytest.approx(balanced_accuracy_score(y, truth > 0), abs=1e-5)
    assert tuned != half


def test_the_loss_is_focal_and_weighted():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(20, 1, generator=generator)
    y = torch.bernoulli(torch.full((20,), 0.5), generator=generator)
    ones = torch.ones(20)
    focal = twice._loss(lambda x: x, x, 2 * y - 1, ones, torch.tensor(2.0))
    assert torch.isclose(focal, focal_loss(x[:, 0], y, gamma=2.0))
    weight = torch.where(y == 1, 7.0, 1.0)
    weighted = twice._loss(lambda x: x, x, 2 * y - 1, weight, torch.tensor(0.0))
    pos_weight = torch.tensor(7.0)
    expected = F.binary_cross_entropy_with_logits(x[:, 0], y, pos_weight=pos_weight)
    assert torch.isclose(weighted, expected)


def test_methods_differ_in_what_their_names_say(monkeypatch):
    caught = {}

    def train(model, optimizer, loss, batches, watch):
        caught["bias"] = [b.item() for b in model.weights[1][-1].detach()]
        caught["first"] = model.weights[0][0].detach()
        caught["batches"] = [*batches]
        for step in range(1, 9):
            watch(step)

    monkeypatch.setattr(clouds, "RARE", 20)
    sizes = {"SEEDS": 3, "COMMON": 2000, "VALID": 100, "RARE": 20, "TEST": 200}
    for name, value in sizes.items():
        monkeypatch.setattr(twice, name, value)
    monkeypatch.setattr(twice, "STEPS", {10: 8})
    monkeypatch.setattr(twice, "train", train)
    monkeypatch.setattr(twice, "tuned", lambda validation, scores, space: scores[1])
    undone = []

    def judge(z, valid, rare, ratio, undo):
        undone.append(undo)
        return clouds._judge(z, valid, rare, ratio, undo)

    monkeypatch.setattr(twice, "_judge", judge)
    names = [*twice.METHODS]
    found = twice._fit(twice.METHODS, 10, 0, twice.RATES)
    assert found["precision"].shape == (len(names), 3)
    positive = torch.stack([sign.gt(0) for _, sign, _, _ in caught["batches"]])
    share = positive.float().mean((0, 2)).view(-1, 3).mean(1)
    weight = torch.stack([pull for _, _, pull, _ in caught["batches"]])
    assert (weight[~positive] == 1).all()
    log = math.log(10)
    expected = {  # bias less that of bias 0, share of positives, weight, gamma
        "neither": (-log, 1 / 11, 1, 0),
        "class weights": (0, 1 / 11, 10, 0),
        "oversampling": (0, 0.5, 1, 0),
        "weights and oversampling": (0, 0.5, 10, 0),
        "both, bias fitted": (log, 0.5, 10, 0),
        "focal loss and oversampling": (0, 0.5, 1, 2),
    }
    assert names == [*expected]
    plain = caught["bias"][3 * twice.OVER]
    for m, (bias, rare, pull, gamma) in enumerate(expected.values()):
        assert caught["bias"][3 * m] - plain == pytest.approx(bias, abs=1e-4)
        assert share[m] == pytest.approx(rare, abs=0.04)
        mine = weight[:, 3 * m : 3 * m + 3][positive[:, 3 * m : 3 * m + 3]]
        assert (mine == pull).all()
        assert (caught["batches"][0][3][3 * m : 3 * m + 3] == gamma).all()
    shifts = [0, log, log, 2 * log, 2 * log, log]
    assert undone[::3] == pytest.approx(shifts)
    # All methods start from the same weights, seed by seed.
    assert (
        caught["first"].view(len(names), 3, -1) == caught["first"][:3].flatten(1)
    ).all()


def test_networks_of_zero_bias_differ_by_their_bias_alone(monkeypatch):
    caught = {}

    def train(model, optimizer, loss, batches, watch):
        caught["weights"] = [p.detach().unflatten(0, (2, 3)) for p in model.weights[0]]
        caught["batches"] = [*batches]
        watch(2)

    monkeypatch.setattr(zero_bias, "SEEDS", 3)
    monkeypatch.setattr(zero_bias, "STOPS", [2])
    monkeypatch.setattr(zero_bias, "train", train)
    monkeypatch.setattr(zero_bias, "tuned", lambda validation, scores, space: scores[1])
    assert zero_bias._paths(torch.nn.ReLU, 0).shape == (1, 2, 3)
    *others, bias = caught["weights"]
    assert all((p[0] == p[1]).all() for p in others)
    assert bias[0].eq(0).all()
    assert bias[1] == pytest.approx(-math.log(100))
    x, y = caught["batches"][0]
    assert (x[:3] == x[3:]).all()
    assert (y[:3] == y[3:]).all()


def test_relu_less_its_mean_has_none_in_a_new_network():
    torch.manual_seed(0)
    layer = torch.nn.Linear(zero_bias.FEATURES, 2000)
    x = torch.randn(2000, zero_bias.FEATURES)
    assert zero_bias._Centred()(layer(x)).mean().abs() < 0.02
    assert layer(x).relu().mean() > 0.2


# What the page says of the results.


@RUNS
def test_no_remedy_ranks_better_than_plain_and_a_threshold_replaces_them(run):
    scores = {**stored(remedies)[run]}
    del scores["truth"]
    plain = {name: v[:, remedies.PRIOR].mean(-1) for name, v in scores.items()}
    others = [remedies.WEIGHTS, remedies.FOCAL, remedies.OVER]
    rank = scores["precision"][:, others].mean(-1) - plain["precision"][:, None]
    assert rank.max() < 0.02
    assert abs(rank[2, 0] + 0.04) < 0.01  # weights at 1:1000
    half = scores["at 0.5"].mean(-1) - plain["at 0.5"][:, None]
    assert abs(half[1, remedies.WEIGHTS] - 0.25) < 0.01
    tuned = scores["tuned"].mean(-1) - plain["tuned"][:, None]
    assert tuned[1, others].abs().max() < 0.01
    worse = scores["nll"].mean(-1)[1, remedies.WEIGHTS] / plain["nll"][1]
    assert worse.round() == 7
    undone = scores["undone"][:2, [remedies.WEIGHTS, remedies.OVER]].mean(-1)
    assert (undone - plain["nll"][:2, None]).abs().max() < 0.001
    # A bias of 0 is never better, and worst at 1:1000.
    zero = scores["precision"][:, remedies.ZERO].mean(-1) - plain["precision"]
    assert (zero < 0).all()
    assert zero.argmin() == 2


def test_the_figure_of_the_remedies_shows_what_its_text_says():
    scores = {name: v.mean(-1) for name, v in stored(remedies)[0].items()}
    rank = scores["precision"]
    assert scores["truth"].tolist() == pytest.approx([0.90, 0.64, 0.31], abs=0.01)
    assert abs(rank[2, remedies.ZERO] - 0.05) < 0.005
    assert ((rank[2, 1:] > 0.14) & (rank[2, 1:] < 0.2)).all()
    plain = scores["at 0.5"][:, remedies.PRIOR].tolist()
    assert plain == pytest.approx([0.88, 0.67, 0.54], abs=0.006)
    assert scores["at 0.5"][:, [remedies.WEIGHTS, remedies.OVER]].min() > 0.8
    assert abs(scores["nll"][2, remedies.PRIOR] - 0.005) < 0.0005
    weights = scores["nll"][:, remedies.WEIGHTS]
    assert ((weights > 0.16) & (weights < 0.18)).all()


@RUNS
def test_the_zero_bias_delays_relu_alone(run):
    stops = zero_bias.STOPS
    gaps = {k: (v[:, 0] - v[:, 1]).mean(-1) for k, v in stored(zero_bias)[run].items()}
    paths = {k: v.mean(-1) for k, v in stored(zero_bias)[run].items()}
    relu, centred, tanh = gaps.values()
    at = stops.index(400)
    assert -0.4 < relu[at] < -0.3
    assert relu[-1] - relu[at] > 0.295
    assert relu[-1] < 0
    assert tanh.min() > -0.04
    # Less its mean: as far in half of the steps, and no better in the first hundred.
    half, full = paths["ReLU less its mean"][stops.index(200), 0], paths["ReLU"][at, 0]
    assert abs(half - full) < 0.03
    assert (centred[:2] - relu[:2]).abs().max() < 0.03
    behind = [int((v[-1, 0] - v[-1, 1] < -0.1).sum()) for v in _relu()]
    assert behind == [0, 1]


def _relu():
    return [scores["ReLU"] for scores in stored(zero_bias)]


@RUNS
def test_two_corrections_are_worse_than_one(run):
    scores = {name: v[1].mean(-1) for name, v in stored(twice)[run].items()}
    both, over, weights = twice.BOTH, twice.OVER, twice.WEIGHTS
    for alone in (over, weights):
        assert scores["precision"][both] - scores["precision"][alone] < -0.07
        assert scores["at 0.5"][both] - scores["at 0.5"][alone] < -0.06
        assert scores["nll"][both] - scores["nll"][alone] > 0.79
    half = scores["at 0.5"][over] - scores["at 0.5"][both]
    assert 0.06 < half < 0.12
    # With its bias it ranks better, and stays bad otherwise.
    assert scores["precision"][twice.FITTED] > scores["precision"][both]
    assert scores["at 0.5"][twice.FITTED] < scores["at 0.5"][over] - 0.04
    assert scores["nll"][twice.FITTED] > 0.8
