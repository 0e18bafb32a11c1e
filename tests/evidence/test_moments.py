"""What the page on momentum and betas says beyond the findings of its experiments."""

import math

import pytest
import torch

from snippets.evidence.method.digits import digits
from snippets.evidence.moments import betas, momentum_noise, rmsprop_rnn
from tests.evidence.stored import stored
from tools import evidence

both = pytest.mark.parametrize("run", range(evidence.RUNS))


@both
def test_momentum_up_to_09_is_neutral_with_small_batches(run):
    scores = stored(momentum_noise)[run]
    small = momentum_noise._tuned(scores, "batch 4").mean(1)
    assert small[:3].max() - small[:3].min() < 0.1
    assert 0.05 < small[4] - small[2] < 0.2
    large = momentum_noise._tuned(scores, "batch 64").mean(1)
    assert large.argmin() == 2
    assert 0.15 < large[0] - large[2] < 0.3
    # The gain of 0.9 goes when pixels are scaled.
    scaled = momentum_noise._tuned(scores, "batch 64, scaled").mean(1)
    assert scaled[0] < scaled[2]


def test_small_batches_see_each_image_twice():
    size, steps, _ = momentum_noise.CASES["batch 4"]
    rows = momentum_noise._batches(size, steps, torch.Generator())
    assert rows.shape == (steps, momentum_noise.SEEDS, size)
    for seed in rows.transpose(0, 1).flatten(1):
        assert len(seed) == 2 * momentum_noise.TRAIN
        assert (seed[: len(seed) // 2].bincount() == 1).all()
        assert (seed.bincount() == 2).all()


def test_scaled_pixels_have_the_moments_of_training_data_only():
    parts = [(momentum_noise._small(x), y) for x, y in digits(range(2), train=1200)]
    assert parts[0][0].shape[-1] == 16
    scaled = momentum_noise._scaled(parts)
    x = scaled[0][0]
    assert x.mean(1).abs().max() < 1e-5
    assert x.std(1).max() < 1
    assert x.std(1).median() > 0.6
    assert scaled[2][0].mean(1).abs().max() > 1e-3
    before, after = parts[2][0], scaled[2][0]
    shift, scale = parts[0][0].mean(1), parts[0][0].std(1) + 1 / 16
    assert torch.allclose(after[1, 5] * scale[1] + shift[1], before[1, 5], atol=1e-5)


@both
def test_betas_move_the_loss_as_the_page_says(run):
    scores = stored(betas)[run]
    rare, noisy, calm = (betas._tuned(scores, n).mean(1) for n in betas.TASKS)
    assert abs(rare[3] - rare[2]) < 0.001
    assert 0.03 < rare[0] - rare[2] < 0.04
    assert 0.008 < rare[1] - rare[2] < 0.016
    assert list(noisy.argsort()) == [0, 1, 2, 3]
    assert 0.02 < noisy[2] - noisy[1] < 0.035
    assert 0.06 < noisy[2] - noisy[0] < 0.09
    assert 0.005 < calm[2] - calm[1] < 0.02
    assert 0.015 < calm[0] - calm[2] < 0.03


def test_a_feature_is_in_one_sample_of_200_and_odds_are_those_of_labels():
    widths, batches, held, test = betas._rare(50, 200, torch.Generator())
    assert widths == [betas.FEATURES, betas.CLASSES]
    samples = list(batches)
    x = torch.stack([x for x, _ in samples])
    y = torch.stack([y for _, y in samples])
    assert abs(x.mean() - 1 / 200) < 1e-4
    assert set(y.unique().tolist()) == {0.0, 1.0}
    assert (y.sum(-1) == 1).all()
    # Samples without features have even odds.
    assert (y[x.sum(-1) == 0].mean(0) - 1 / betas.CLASSES).abs().max() < 0.02
    for x, p in (held, test):
        assert torch.allclose(p.sum(-1), torch.ones(x.shape[:2]))


def test_a_third_of_the_noisy_labels_is_random_and_none_of_the_others():
    counts = {}
    for noisy in (True, False):
        seeds = range(betas.SEEDS)
        args = seeds, 4, 300, noisy, torch.Generator()
        _, batches, held, test = betas._images(*args)
        pairs = list(batches)
        (x, y), true_held, true_test = digits(seeds, train=betas.IMAGES)
        assert held[1].equal(true_held[1])
        assert test[1].equal(true_test[1])
        small = x.unflatten(-1, (4, 2, 4, 2)).mean((-3, -1)).flatten(-2)
        wrong = 0
        for seed in range(2):
            labels = {
                tuple(p.tolist()): int(t)
                for p, t in zip(small[seed], y[seed], strict=True)
            }
            seen = [
                (p, t)
                for xs, ys in pairs
                for p, t in zip(xs[seed], ys[seed], strict=True)
            ]
            wrong += sum(labels[tuple(p.tolist())] != int(t) for p, t in seen)
        counts[noisy] = wrong / 2400
    # A random label is right one time in ten.
    assert abs(counts[True] - 0.3) < 0.03
    assert counts[False] < 0.01


def test_beta1_of_zero_saves_no_memory():
    weight = torch.nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3)
    optimizer = torch.optim.Adam([weight], betas=(0.0, 0.999))
    optimizer.step()
    assert optimizer.state[weight]["exp_avg"].shape == (3,)


@both
def test_three_optimizers_reach_the_same_loss_at_rates_far_apart(run):
    scores = stored(rmsprop_rnn)[run]
    losses, rates = [], []
    for name, (_, space) in rmsprop_rnn.KINDS.items():
        losses.append(rmsprop_rnn._tuned(scores, name).mean().item())
        rates.append(space[int(scores[f"{name} valid"].mean(1).argmin())])
    assert max(losses) - min(losses) < 0.05
    assert rates == [0.025, 0.1, 3.2]
    at = rmsprop_rnn.KINDS["RMSprop"][1].index(0.012)
    same = scores["Adam test"][0] - scores["RMSprop test"][at]
    assert 0.5 < same.mean() < 0.7


def test_the_gru_is_that_of_torch():
    torch.manual_seed(0)
    net, width = rmsprop_rnn._GRU(), rmsprop_rnn.WIDTH
    letters = net.enter.num_embeddings
    theirs = torch.nn.GRU(letters, width, batch_first=True)
    with torch.no_grad():
        theirs.weight_ih_l0.copy_(net.enter.weight.T)
        theirs.bias_ih_l0.zero_()
        theirs.weight_hh_l0.copy_(net.keep.weight)
        theirs.bias_hh_l0.copy_(net.keep.bias)
    x = torch.randint(letters, (2, 7))
    expected = net.head(theirs(torch.nn.functional.one_hot(x, letters).float())[0])
    assert torch.allclose(net(x), expected, atol=1e-5)
    assert abs(sum(p.numel() for p in net.parameters()) - 8000) < 1000


def test_windows_are_text_that_is_held_apart():
    text = torch.arange(1000)
    x = rmsprop_rnn._windows(text, 50, torch.Generator())
    assert x.shape == (rmsprop_rnn.SEEDS, 50, rmsprop_rnn.LENGTH + 1)
    assert (x.diff(dim=-1) == 1).all()
    train, rest = rmsprop_rnn.characters()
    middle = len(rest) // 2
    assert len(rest[:middle]) > 10_000 < len(rest[middle:])


def test_the_first_step_of_rmsprop_is_ten_learning_rates():
    weight = torch.nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    torch.optim.RMSprop([weight], lr=0.01).step()
    assert math.isclose(1 - weight.item(), 0.1, rel_tol=1e-4)
