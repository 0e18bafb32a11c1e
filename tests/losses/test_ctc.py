"""CTC against enumeration of all paths, finite differences and other oracles."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.losses.ctc import learning, plateau, posterior
from snippets.losses.ctc.check_ctc_inputs import check_ctc_inputs
from snippets.losses.ctc.ctc_from_scores import ctc_from_scores
from snippets.losses.ctc.ctc_min_length import ctc_min_length
from snippets.losses.ctc.error_rate import error_rate
from snippets.losses.ctc.greedy_decode import greedy_decode
from snippets.losses.ctc.synthetic_sequences import synthetic_sequences

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)


def collapse(path, blank=0):
    merged = [label for label, _ in itertools.groupby(path)]
    return [label for label in merged if label != blank]


def enumerate_paths(scores, target, blank=0):
    """Loss and posterior (T, C) of one sample, by all C**T paths in float64."""
    frames, classes = scores.shape
    posterior, total = torch.zeros(frames, classes, dtype=torch.float64), 0.0
    for path in itertools.product(range(classes), repeat=frames):
        if collapse(path, blank) == list(target):
            p = math.exp(sum(scores[t, k].item() for t, k in enumerate(path)))
            total += p
            for t, k in enumerate(path):
                posterior[t, k] += p
    return (-math.log(total) if total else math.inf), posterior / max(total, 1e-300)


def random_scores(frames, classes, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(frames, classes, generator=generator, dtype=torch.float64)


TARGETS = [(1, 2), (2, 2), (1, 2, 1), (), (3,)]


@pytest.mark.parametrize("blank", [0, 3])
@pytest.mark.parametrize("target", TARGETS)
def test_torch_sums_over_the_paths_and_its_gradient_is_softmax_minus_posterior(
    target, blank
):
    target = [(k + 1) % 4 if blank == 3 else k for k in target]
    target = [k for k in target if k != blank]
    z = random_scores(5, 4).requires_grad_()
    lengths = torch.tensor([5]), torch.tensor([len(target)])
    labels = torch.tensor([target], dtype=torch.long).view(1, -1)
    loss = F.ctc_loss(
        z[:, None].log_softmax(2), labels, *lengths, blank, reduction="sum"
    )
    loss.backward()
    oracle, gamma = enumerate_paths(z.detach().log_softmax(1), target, blank)
    assert loss.item() == pytest.approx(oracle)
    torch.testing.assert_close(z.grad, z.detach().softmax(1) - gamma)


def test_posterior_of_the_figure():
    z = random_scores(6, 3)
    target = torch.tensor([1, 2, 2])
    _, gamma = enumerate_paths(z.log_softmax(1), target.tolist())
    torch.testing.assert_close(posterior._posterior(z, target), gamma)


@pytest.mark.parametrize("target", TARGETS[:4])
def test_scores_have_the_gradient_of_the_value(target):
    s = random_scores(5, 4).requires_grad_()
    rest = (torch.tensor([target], dtype=torch.long), [5], [len(target)])
    rest = (rest[0], torch.tensor(rest[1]), torch.tensor(rest[2]))
    loss = ctc_from_scores(s[:, None], *rest, reduction="sum")
    loss.backward()
    oracle, gamma = enumerate_paths(s.detach(), target)
    assert loss.item() == pytest.approx(oracle)
    torch.testing.assert_close(s.grad, -gamma)


def batch_of_scores():
    s = torch.stack([random_scores(7, 4, k) for k in range(3)], dim=1)
    targets = torch.tensor([[1, 2, 0], [3, 3, 3], [0, 0, 0]])
    return s, targets, torch.tensor([7, 5, 4]), torch.tensor([2, 3, 0])


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("layout", ["padded", "concatenated"])
def test_scores_reductions_lengths_and_layouts(reduction, layout):
    s, targets, frames, lengths = batch_of_scores()
    if layout == "concatenated":
        targets = torch.tensor([1, 2, 3, 3, 3])

    def ours(s):
        return ctc_from_scores(s, targets, frames, lengths, reduction=reduction)

    theirs = F.ctc_loss(s, targets, frames, lengths, reduction=reduction)
    torch.testing.assert_close(ours(s), theirs)
    assert torch.autograd.gradcheck(ours, s.requires_grad_())


def test_behind_a_log_softmax_both_gradients_agree():
    s, *rest = batch_of_scores()
    s.requires_grad_()
    a, b = (
        torch.autograd.grad(loss(s.log_softmax(2), *rest), s)[0]
        for loss in (ctc_from_scores, F.ctc_loss)
    )
    torch.testing.assert_close(a, b)


def test_scores_with_a_target_without_a_path():
    s, targets, frames, lengths = batch_of_scores()
    frames = torch.tensor([7, 4, 4])  # "333" needs 5
    s.requires_grad_()
    loss = ctc_from_scores(s, targets, frames, lengths, reduction="none")
    assert loss.isinf().tolist() == [False, True, False]
    loss = ctc_from_scores(
        s, targets, frames, lengths, reduction="none", zero_infinity=True
    )
    assert loss[1] == 0
    (gradient,) = torch.autograd.grad(loss.sum(), s)
    assert (gradient[:, 1] == 0).all() and (gradient[:, 0] != 0).any()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_scores_in_half_precision(dtype):
    s, *rest = batch_of_scores()
    half = s.to(dtype).requires_grad_()
    loss = ctc_from_scores(half, *rest)
    loss.backward()
    assert loss.dtype == torch.float32 and half.grad.dtype == dtype
    torch.testing.assert_close(loss, ctc_from_scores(half.float(), *rest))
    with pytest.raises(NotImplementedError):
        F.ctc_loss(half, *rest)


def test_scores_at_extreme_log_probabilities():
    z = torch.tensor([[[-3e4, 3e4, 0.0]], [[3e4, -3e4, 0.0]]], requires_grad=True)
    rest = torch.tensor([[1]]), torch.tensor([2]), torch.tensor([1])
    loss = ctc_from_scores(z.log_softmax(2), *rest)
    loss.backward()
    assert loss.item() == pytest.approx(0, abs=1e-3) and z.grad.isfinite().all()


# Decoding and the error rate


@few
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(0, 3))
def test_greedy_decode_is_collapse(path, blank):
    one_hot = F.one_hot(torch.tensor(path), 4).float()
    batch = torch.stack([one_hot, one_hot.flip(0)], dim=1)
    half = torch.tensor([len(path), len(path) // 2])
    decoded = greedy_decode(batch, half, blank)
    reverse = path[::-1][: len(path) // 2]
    assert decoded == [collapse(path, blank), collapse(reverse, blank)]
    assert greedy_decode(batch.bfloat16(), half, blank) == decoded


def test_the_best_path_is_not_the_best_labelling():
    log_probs = torch.tensor([0.6, 0.4]).log().expand(2, 2)
    (empty, _), (a, _) = (enumerate_paths(log_probs, y) for y in ((), (1,)))
    assert math.exp(-empty) == pytest.approx(0.36)
    assert math.exp(-a) == pytest.approx(0.64)
    assert greedy_decode(log_probs[:, None], torch.tensor([2])) == [[]]


def slow_distance(a, b):
    if not a or not b:
        return len(a) + len(b)
    return min(
        slow_distance(a[1:], b) + 1,
        slow_distance(a, b[1:]) + 1,
        slow_distance(a[1:], b[1:]) + (a[0] != b[0]),
    )


@few
@given(st.text("abc", max_size=5), st.text("abc", min_size=1, max_size=5))
def test_error_rate_is_the_recursion(a, b):
    assert error_rate([a], [b]) == slow_distance(a, b) / len(b)
    assert error_rate([a, b], [b, b + b]) == (slow_distance(a, b) + len(b)) / (
        3 * len(b)
    )


def test_error_rate_refuses():
    with pytest.raises(ValueError, match="equally many, got 1 and 2"):
        error_rate(["a"], ["a", "b"])
    with pytest.raises(ValueError, match="at least one label"):
        error_rate(["a"], [""])


@pytest.mark.parametrize(
    "log_probs, lengths, blank, message",
    [
        ((5, 3), (3,), 0, r"got \(5, 3\) and \(3,\)"),
        ((5, 2, 3), (5,), 0, r"got \(5, 2, 3\) and \(5,\)"),
        ((5, 2, 3), (2,), 3, r"blank must be in \[0, 3\), got 3"),
    ],
)
def test_greedy_decode_refuses(log_probs, lengths, blank, message):
    with pytest.raises(ValueError, match=message):
        greedy_decode(torch.zeros(log_probs), torch.ones(lengths), blank)


# Lengths and the check


@few
@given(st.lists(st.integers(1, 2), max_size=4))
def test_min_length_is_where_a_path_appears(target):
    padding = [target[-1] if target else 0] * 2
    labels = torch.tensor([target + padding], dtype=torch.long)
    length = torch.tensor([len(target)])
    (needed,) = ctc_min_length(labels, length).tolist()
    assert needed == ctc_min_length(labels[0, :-2], length).item()
    log_probs = torch.zeros(9, 1, 3).log_softmax(2)
    for frames in range(9):
        finite = F.ctc_loss(log_probs, labels, [frames], [len(target)]).isfinite()
        assert finite.item() == (frames >= needed)


def test_min_length_refuses():
    with pytest.raises(ValueError, match=r"got \(2, 3\) and \(3,\)"):
        ctc_min_length(torch.ones(2, 3), torch.ones(3))
    with pytest.raises(ValueError, match=r"got \(5,\) and \(2,\)"):
        ctc_min_length(torch.ones(5), torch.tensor([2, 2]))
    with pytest.raises(ValueError, match=r"in \[0, 3\], got \[4, 1\]"):
        ctc_min_length(torch.ones(2, 3), torch.tensor([4, 1]))


def good_inputs():
    z = torch.randn(8, 2, 5, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[1, 1, 2], [4, 0, 0]])
    return [z.log_softmax(2), targets, torch.tensor([4, 1]), torch.tensor([3, 1])]


@pytest.mark.parametrize(
    "where, value, message",
    [
        (0, torch.zeros(8, 2, 5), "exp sums to 5 to 5"),
        (0, torch.zeros(8, 2, 5).log_softmax(0), "log_softmax over dim 2"),
        (0, torch.zeros(8, 2, 5).softmax(2), "log_softmax over dim 2"),
        (1, torch.tensor([[1.0, 1.0, 2.0]] * 2), "integers, got torch.float32"),
        (1, torch.ones(2, 3).bool(), "integers, got torch.bool"),
        (1, torch.tensor([[1, 1, 2], [0, 1, 1]]), "blank 0, got it in sample 1"),
        (1, torch.tensor([[1, 5, 2], [1, 1, 1]]), r"\[0, 5\), not so in sample 0"),
        (1, torch.tensor([[1, 1, 2], [-1, 1, 1]]), r"\[0, 5\), not so in sample 1"),
        (2, torch.tensor([3, 4]), "at least 4 in sample 0 .* got 3"),
        (3, torch.tensor([3, 2]), "blank 0, got it in sample 1"),  # counts padding
    ],
)
def test_check_refuses_what_torch_takes(where, value, message):
    inputs = good_inputs()
    check_ctc_inputs(*inputs)
    inputs[where] = value
    F.ctc_loss(*inputs)  # torch says nothing
    with pytest.raises(ValueError, match=message):
        check_ctc_inputs(*inputs)


def test_check_takes_what_is_right():
    log_probs, targets, frames, lengths = good_inputs()
    check_ctc_inputs(log_probs.double(), targets.int(), frames, lengths)
    check_ctc_inputs(log_probs, torch.tensor([1, 1, 2, 4]), frames, lengths)
    z = 9 * torch.randn(50, 2, 5, generator=torch.Generator().manual_seed(0))
    for dtype in (torch.float32, torch.bfloat16, torch.float16):
        rounded = z.to(dtype).log_softmax(2)
        check_ctc_inputs(rounded, targets, frames, lengths)
    check_ctc_inputs(log_probs, targets - 1, frames, lengths, blank=4)


def test_mean_divides_by_target_lengths_then_by_samples():
    log_probs, targets, frames, _ = good_inputs()
    lengths = torch.tensor([3, 0])
    each = F.ctc_loss(log_probs, targets, frames, lengths, reduction="none")
    mean = F.ctc_loss(log_probs, targets, frames, lengths)
    torch.testing.assert_close(mean, (each[0] / 3 + each[1]) / 2)
    torch.testing.assert_close(each[1], -log_probs[:1, 1, 0].sum())


def test_a_wrong_layout_is_silent_if_frames_equal_samples():
    z = torch.randn(4, 4, 6, generator=torch.Generator().manual_seed(0))
    rest = torch.full((4, 2), 3), torch.full((4,), 4), torch.full((4,), 2)
    log_probs = z.log_softmax(2)
    wrong = F.ctc_loss(log_probs.transpose(0, 1), *rest)
    assert wrong.isfinite() and wrong != F.ctc_loss(log_probs, *rest)


# The data, and what figures and tables show


def test_synthetic_sequences():
    generator = torch.Generator().manual_seed(3)
    x, frames, targets, lengths = synthetic_sequences(50, generator, noise=0.0)
    assert x.shape == (50, frames.max(), 6) and targets.shape == (50, 7)
    assert lengths.min() == 3 and lengths.max() == 7
    assert (frames >= 5 * lengths).all() and (frames <= 8 * lengths).all()
    assert (frames // 2 >= ctc_min_length(targets, lengths)).all()
    for row, n, y, s in zip(x, frames, targets, lengths, strict=True):
        path = row[:n].argmax(1).tolist()
        assert collapse(path) == y[:s].tolist() and (row[n:] == 0).all()
    assert (targets[torch.arange(7) >= lengths[:, None]] == 0).all()
    noisy, *_ = synthetic_sequences(50, torch.Generator().manual_seed(3), noise=0.5)
    assert (noisy - x)[x.sum(2) > 0].std().item() == pytest.approx(0.5, abs=0.02)


def test_figures_state_the_truth():
    gamma = posterior._posterior(torch.zeros(40, 6), torch.tensor([1, 2, 3, 4]))
    assert gamma[:, 0].mean().item() == pytest.approx(0.5, abs=1e-3)
    assert gamma[20, 0].item() == pytest.approx(0.45, abs=0.01)
    assert gamma[0, 0] > 0.8 and gamma[39, 0] > 0.8
    assert gamma[:, 2].max().item() == pytest.approx(0.31, abs=0.005)
    assert gamma[:, 1].max().item() == pytest.approx(0.43, abs=0.005)
    run, first = learning._train(next(iter(learning.INPUTS.values())), seed=11)
    assert run[0, 2] == 1 and run[0, 3] == 1 and first > run[0, 1]
    assert 0.3 < run[-1, 2] < 0.5 and run[-1, 3] < 0.15


def test_mistakes_hold_for_another_seed():
    rates = {
        name: learning._train(f, seed=11, every=60)
        for name, f in learning.INPUTS.items()
    }
    right, *wrong = [history[-1, 3].item() for history, _ in rates.values()]
    assert all(rate > right + 0.05 for rate in wrong)
    assert rates["logits"][1] < 0 < rates["logits"][0][-1, 1]
    assert wrong[-1] > 0.5  # view


def test_more_frames_to_a_label_stay_blank_longer():
    steps = [plateau._steps_of_blank(1, stride, seed=11) for stride in (2, 1)]
    assert steps[0] < steps[1] < 200
