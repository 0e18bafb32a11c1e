"""The claims of the page on classification losses that no finding carries."""

import itertools

import pytest
import torch
from torch.nn import functional as F

from snippets.evidence.classification import ce_or_mse, features, smoothing
from snippets.losses.calibration.expected_calibration_error import (
    expected_calibration_error,
)
from snippets.losses.calibration.fit_temperature import fit_temperature
from snippets.losses.contrastive.supervised_contrastive_loss import (
    supervised_contrastive_loss,
)
from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from tests.evidence.stored import stored


def every_run(experiment):
    return pytest.mark.parametrize("scores", stored(experiment), ids=("run 1", "run 2"))


# Cross-entropy or MSE


@every_run(ce_or_mse)
def test_cross_entropy_is_never_behind_and_mse_is_where_the_page_says(scores):
    ce, mse, heavy, after = ce_or_mse.LOSSES
    digits, start, wide, narrow = ce_or_mse.TASKS

    def mean(task, name, key="accuracy"):
        return scores[f"{task}: {name}: {key}"].mean().item()

    for task in ce_or_mse.TASKS:
        assert all(mean(task, ce) > mean(task, n) - 0.01 for n in (mse, heavy, after))
        assert abs(mean(task, ce) - mean(task, after)) < 0.015
        steps = [mean(task, name, "steps") for name in (ce, heavy, after)]
        assert max(steps) < ce_or_mse.STEPS
        # The weight makes up for most of what MSE lacks.
        if mean(task, ce) - mean(task, mse) > 0.01:
            gap = mean(task, ce) - mean(task, mse)
            assert mean(task, heavy) - mean(task, mse) > 0.6 * gap
            assert mean(task, mse, "nll") > 1.3 * mean(task, ce, "nll")
    assert mean(narrow, mse) < mean(wide, mse) - 0.05
    assert mean(start, mse, "steps") == mean(narrow, mse, "steps") == float("inf")
    assert mean(digits, mse, "steps") < 60 and mean(wide, mse, "steps") < 100


def test_the_losses_are_what_their_names_say():
    z = torch.randn(6, 4)
    y = torch.tensor([0, 1, 2, 3, 0, 1])
    one_hot = F.one_hot(y, 4).float()
    ce, mse, heavy, after = (ce_or_mse._loss(name, z, y) for name in ce_or_mse.LOSSES)
    assert ce.isclose(F.cross_entropy(z, y))
    assert mse.isclose((z - one_hot).square().mean())
    assert after.isclose((z.softmax(1) - one_hot).square().mean())
    right = (z - one_hot).square()[one_hot.bool()].sum()
    assert (heavy - mse).isclose(9 * right / 24)


def test_generated_classes_are_split_and_differ_between_runs(monkeypatch):
    monkeypatch.setattr(ce_or_mse, "SEEDS", 2)
    parts = ce_or_mse._blobs([10, 32, 40], 0)
    sizes = [x.shape[1] for x, _ in parts]
    assert sizes == ce_or_mse.POINTS
    points = torch.cat([x for x, _ in parts], 1)[0]
    assert len(points.unique(dim=0)) == sum(sizes)
    (x, y), *_ = parts
    means = torch.stack([x[0][y[0] == label].mean(0) for label in range(40)])
    spread = torch.stack([x[0][y[0] == label].std(0) for label in range(40)]).mean()
    assert 0.45 < spread < 0.55 and means.std(0).mean() > 0.7
    assert not x.equal(ce_or_mse._blobs([10, 32, 40], 1000)[0][0])


def test_the_start_is_ten_times_larger(monkeypatch):
    weights = []

    def stack(build, seeds, settings):
        torch.manual_seed(0)
        weights.append(build()[-1].weight.detach())
        raise InterruptedError

    monkeypatch.setattr(ce_or_mse, "Stack", stack)
    for task in ("digits", "digits, start x10"):
        with pytest.raises(InterruptedError):
            ce_or_mse._trained(*ce_or_mse.TASKS[task], "MSE", range(2))
    assert weights[1].allclose(10 * weights[0])


# Label smoothing


@every_run(smoothing)
def test_smoothing_lowers_confidence_and_a_temperature_repairs_the_tuned(scores):
    right, wrong = smoothing.RIGHT, smoothing.WRONG
    late, noisy = smoothing.LATE, smoothing.NOISY
    for case in (right, wrong, late, noisy):
        confidence = scores[f"{case}: confidence"].mean(1)
        assert (confidence.diff() < -0.02).all()
        accuracy = scores[f"{case}: accuracy"].mean(1)
        over = (confidence - accuracy)[0].item()
        low, high = {right: (-0.05, 0.05), wrong: (-0.4, -0.1)}.get(case, (0, 0.3))
        assert low < over < high
    assert (scores[f"{right}: ECE with T"].mean(1) < 0.03).all()
    assert (scores[f"{wrong}: ECE with T"].mean(1) < 0.05).all()
    # Where one temperature does not suffice.
    assert (scores[f"{noisy}: ECE with T"].mean(1) > 0.08).all()
    ece = scores[f"{noisy}: ECE"].mean(1)
    assert ece.argmin() == smoothing.EPSILON.index(0.2)
    assert ece[0] > 0.18 and ece[3] < 0.08
    # The rate decides more than smoothing.
    tuned, highest = (scores[f"{c}: accuracy"].mean(1) for c in (wrong, late))
    assert tuned[0] - highest.max() > 0.04 and 0.08 < tuned[0] - highest[0] < 0.12


def test_a_share_of_labels_becomes_another_class():
    y = torch.arange(10).repeat(2000)
    wrong = smoothing._wrong(y, torch.Generator().manual_seed(0))
    changed = wrong != y
    assert 0.28 < changed.float().mean() < 0.32
    assert sorted(wrong[changed & (y == 3)].unique().tolist()) == [
        0,
        1,
        2,
        *range(4, 10),
    ]


def test_scores_are_those_of_the_calibration_chapter():
    generator = torch.Generator().manual_seed(0)
    z = 3 * torch.randn(2, 800, 10, generator=generator)
    y = (z / 2).softmax(2).flatten(0, 1).multinomial(1, generator=generator)
    y = y.view(2, 800)
    z[:, :300] *= 1.5  # the temperature that fits these fits not the others
    scores = smoothing._scores(z, y[:, :300], y[:, 300:])
    for i in range(2):
        held, test, truth = z[i, :300], z[i, 300:], y[i, 300:]
        scaled = test / fit_temperature(held, y[i, :300])
        for key, logits in (("ECE", test), ("ECE with T", scaled)):
            ece = expected_calibration_error(logits.softmax(1), truth)
            assert abs(scores[key][i] - ece) < 0.03
        assert abs(scores["NLL with T"][i] - F.cross_entropy(scaled, truth)) < 0.03
        assert scores["accuracy"][i] == (test.argmax(1) == truth).float().mean()
        confidence = test.softmax(1).max(1).values.mean()
        assert scores["confidence"][i].isclose(confidence)


def test_smoothing_is_that_of_torch():
    z, y = torch.randn(5, 10), torch.arange(5)
    loss = smoothing._smoothed(0.2)(lambda x: x, z, y)
    soft = 0.8 * F.one_hot(y, 10) + 0.02
    assert loss.isclose(F.cross_entropy(z, soft))


# Features


@every_run(features)
def test_no_loss_stands_out_and_seen_classes_decide(scores):
    digits, few, many = features.TASKS

    def mean(task, name, where="new"):
        return scores[f"{task}: {name}: {where}"].mean().item()

    for task, name in itertools.product(features.TASKS, features.NUMBERS):
        if task == digits:
            assert mean(task, name) < mean(task, "pixels") - 0.055
            assert mean(task, name, "seen") > 0.97
        else:
            assert mean(task, name) > mean(task, "pixels") + 0.2
            assert mean(task, "triplet") < mean(task, name) + 0.05
    others = [name for name in features.NUMBERS if name != "CE of cosines"]
    assert mean(few, "CE of cosines") > max(mean(few, n) for n in others) + 0.03
    for name in features.NUMBERS:
        # From seen to new classes, less is lost after more of them.
        assert mean(few, name, "seen") - mean(few, name) > 0.1
        assert mean(many, name, "seen") - mean(many, name) < 0.05


def test_pair_losses_are_those_of_the_chapters(monkeypatch):
    monkeypatch.setattr(features, "P", 3)
    monkeypatch.setattr(features, "K", 4)
    z, head = torch.randn(12, 5), torch.randn(7, 5)
    y = torch.tensor([4, 0, 6]).repeat_interleave(4)

    def ours(name, number):
        loss = features._loss(name)
        return loss(lambda x, flag: (x, head), z, y, torch.tensor(number))

    unit = F.normalize(z, dim=1)
    assert ours("InfoNCE", 0.2).isclose(supervised_contrastive_loss(z, y, 0.2))
    triplet = batch_hard_triplet_loss(unit, y, margin=0.3)
    assert ours("triplet", 0.3).isclose(triplet, atol=1e-5)
    assert ours("cross-entropy", 0.5).isclose(F.cross_entropy(2 * z @ head.T, y))
    cosine = torch.cosine_similarity(z[:, None], head, dim=2)
    assert ours("CE of cosines", 0.5).isclose(F.cross_entropy(2 * cosine, y))
    same, other = [], []
    for i, j in itertools.permutations(range(12), 2):
        distance = (unit[i] - unit[j]).norm()
        if y[i] == y[j]:
            same.append(distance.square())
        else:
            other.append((0.7 - distance).clamp(min=0).square())
    contrastive = torch.stack(same).mean() + torch.stack(other).mean()
    assert ours("contrastive", 0.7).isclose(contrastive, atol=1e-5)


def test_the_score_is_of_the_nearest_other_sample(monkeypatch):
    monkeypatch.setattr(features, "SEEDS", 1)
    angles = torch.tensor([[0.0, 10.0, 100.0], [105.0, 200.0, 210.0]]).deg2rad()
    x = torch.stack([angles.cos(), angles.sin()], 2)[None]  # one seed, two classes
    score = features._nearest(lambda x: 5 * x[None], x)
    assert score[0].item() == pytest.approx(4 / 6)


def test_classes_and_samples_of_training_and_test_do_not_overlap(monkeypatch):
    monkeypatch.setattr(features, "SEEDS", 2)
    monkeypatch.setattr(features, "STEPS", 3)
    data = features._digits(range(2))
    assert data.shape == (2, 10, 170, 64)
    assert not data[0].equal(data[1])
    # Each class is one digit: nearly all of its images are nearest to its own centre.
    own = torch.cdist(data[0].flatten(0, 1), data[0].mean(1)).argmin(1)
    assert (own.view(10, 170) == torch.arange(10)[:, None]).float().mean() > 0.85
    seen = data[:, :4]
    trained = seen[0, :, : features.SHOTS].flatten(0, 1)
    for x, y in features._batches(seen, 0):
        assert x.shape == (6, features.P * features.K, 64)
        assert x[0].equal(x[2]) and x[0].equal(x[4])  # once for each number
        assert (y[0].unique(return_counts=True)[1] == features.K).all()
        for image, label in zip(x[0], y[0], strict=True):
            place = (trained == image).all(1).nonzero()[:, 0] // features.SHOTS
            assert label in place
