"""The multi-class losses against torch, SciPy and closed forms in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from snippets.losses.multiclass import adaptive, curves, divisor, noise, shapes
from snippets.losses.multiclass.generalized_cross_entropy import (
    generalized_cross_entropy,
)
from snippets.losses.multiclass.poly_loss import poly_loss
from snippets.losses.multiclass.sequence_cross_entropy import sequence_cross_entropy
from snippets.losses.multiclass.symmetric_cross_entropy import symmetric_cross_entropy

ROBUST = [generalized_cross_entropy, poly_loss, symmetric_cross_entropy]
HALVES = [torch.bfloat16, torch.float16]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
scores = st.floats(-30, 30, allow_subnormal=False)
rows = st.lists(
    st.tuples(st.tuples(scores, scores, scores, scores), st.integers(0, 3)),
    min_size=1,
    max_size=6,
)


def sample(n=6, c=4, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, c, generator=generator, dtype=dtype)
    return logits, torch.randint(c, (n,), generator=generator)


def tensors(batch):
    logits, target = zip(*batch, strict=True)
    return torch.tensor(logits, dtype=torch.float64), torch.tensor(target)


def slope(loss, logits, target, **options):
    z = logits.clone().requires_grad_()
    return torch.autograd.grad(loss(z, target, **options), z)[0]


# Against the oracles


@few
@given(rows, st.floats(0.05, 1))
def test_generalized_is_its_formula(batch, q):
    logits, target = tensors(batch)
    p = softmax(logits.numpy(), axis=1)[np.arange(len(target)), target.numpy()]
    oracle = torch.from_numpy((1 - p**q) / q)
    each = generalized_cross_entropy(logits, target, q, reduction="none")
    torch.testing.assert_close(each, oracle, rtol=1e-9, atol=1e-9)


@few
@given(rows, st.floats(-1, 10))
def test_poly_is_its_formula(batch, epsilon):
    logits, target = tensors(batch)
    log_p = log_softmax(logits.numpy(), axis=1)
    log_p = log_p[np.arange(len(target)), target.numpy()]
    oracle = torch.from_numpy(-log_p + epsilon * (1 - np.exp(log_p)))
    each = poly_loss(logits, target, epsilon, reduction="none")
    torch.testing.assert_close(each, oracle, rtol=1e-9, atol=1e-9)


@few
@given(rows, st.floats(0, 6), st.floats(0, 3), st.floats(-10, -1))
def test_symmetric_is_two_cross_entropies(batch, alpha, beta, log_zero):
    logits, target = tensors(batch)
    onehot = np.eye(4)[target.numpy()]
    forward = -(onehot * log_softmax(logits.numpy(), axis=1)).sum(1)
    log_label = np.where(onehot == 1, 0.0, log_zero)
    reverse = -(softmax(logits.numpy(), axis=1) * log_label).sum(1)
    oracle = torch.from_numpy(alpha * forward + beta * reverse)
    each = symmetric_cross_entropy(
        logits, target, alpha, beta, log_zero, reduction="none"
    )
    torch.testing.assert_close(each, oracle, rtol=1e-9, atol=1e-9)


@few
@given(rows)
def test_gradients_are_cross_entropys_times_the_factors_shown(batch):
    logits, target = tensors(batch)
    p = logits.softmax(1).gather(1, target[:, None])
    plain = logits.softmax(1) - F.one_hot(target, 4)
    for loss, factor, options in (
        (generalized_cross_entropy, p**0.7, {"q": 0.7}),
        (generalized_cross_entropy, p, {"q": 1.0}),
        (poly_loss, 1 + 2 * p, {"epsilon": 2.0}),
        (
            symmetric_cross_entropy,
            0.5 + 12 * p,
            {"alpha": 0.5, "beta": 3, "log_zero": -4},
        ),
    ):
        ours = slope(loss, logits, target, reduction="sum", **options)
        torch.testing.assert_close(ours, factor * plain, rtol=1e-7, atol=1e-9)


def test_generalized_tends_to_cross_entropy():
    logits, target = sample()
    plain = F.cross_entropy(logits, target)
    assert generalized_cross_entropy(logits, target, 0) == plain
    near = generalized_cross_entropy(logits.float(), target, 1e-6)
    torch.testing.assert_close(near, plain.float(), rtol=1e-5, atol=0)


def test_default_of_the_symmetric_loss_clips_labels_at_1e_4():
    logits, target = sample()
    default = symmetric_cross_entropy(logits, target)
    written = symmetric_cross_entropy(logits, target, 0.1, 1.0, math.log(1e-4))
    assert default == written


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_sequence_is_torchs(reduction):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 5, 5, generator=generator, dtype=torch.float64)  # T = C
    target = torch.randint(5, (3, 5), generator=generator)
    target[0, 3:], target[1, 0] = 4, 0
    options = {"ignore_index": 4, "reduction": reduction}
    ours, theirs = logits.clone().requires_grad_(), logits.clone().requires_grad_()
    a = sequence_cross_entropy(ours, target, **options)
    b = F.cross_entropy(theirs.transpose(1, 2), target, **options)
    torch.testing.assert_close(a, b)
    torch.testing.assert_close(
        torch.autograd.grad(a.sum(), ours), torch.autograd.grad(b.sum(), theirs)
    )


# What every one of them must do


@pytest.mark.parametrize("loss", ROBUST)
def test_reductions_and_ignored_targets(loss):
    logits, target = sample(n=8)
    target[2] = target[5] = -100
    each = loss(logits, target, reduction="none")
    assert each.shape == (8,) and each[2] == 0 == each[5]
    left = target >= 0
    torch.testing.assert_close(
        each[left], loss(logits[left], target[left], reduction="none")
    )
    torch.testing.assert_close(loss(logits, target), each.sum() / 6)
    torch.testing.assert_close(loss(logits, target, reduction="sum"), each.sum())
    gradient = slope(loss, logits, target)
    assert (gradient[~left] == 0).all() and (gradient[left] != 0).all()
    other = torch.where(left, target, 7)
    torch.testing.assert_close(loss(logits, other, ignore_index=7), each.sum() / 6)


@pytest.mark.parametrize("loss", ROBUST)
def test_further_dimensions(loss):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 4, 3, 5, generator=generator)
    target = torch.randint(4, (2, 3, 5), generator=generator)
    each = loss(logits, target, reduction="none")
    assert each.shape == (2, 3, 5)
    flat = loss(logits.movedim(1, 3).flatten(0, 2), target.flatten())
    torch.testing.assert_close(loss(logits, target), flat)
    torch.testing.assert_close(each.mean(), flat)


@pytest.mark.parametrize("loss", [*ROBUST, sequence_cross_entropy])
def test_nothing_left_is_zero(loss):
    sequence = loss is sequence_cross_entropy
    logits = torch.randn(2, 3, 4 if sequence else 5, requires_grad=True)
    target = torch.full((2, 3) if sequence else (2, 5), -100)
    value = loss(logits, target)
    value.backward()
    assert value == 0 and (logits.grad == 0).all()
    assert F.cross_entropy(torch.zeros(2, 3, 5), torch.full((2, 5), -100)).isnan()
    assert loss(logits[:0], target[:0]) == 0


@pytest.mark.parametrize("loss", ROBUST)
@pytest.mark.parametrize(
    "sizes", [((4, 3), (4, 1)), ((4, 3), (4, 3)), ((4,), (4,)), ((2, 7, 5), (2, 7))]
)
def test_robust_losses_refuse_other_shapes(loss, sizes):
    logits, target = torch.zeros(sizes[0]), torch.zeros(sizes[1], dtype=torch.long)
    with pytest.raises(ValueError, match=r"logits and target must have .*\(N, \*\)"):
        loss(logits, target)


@pytest.mark.parametrize("loss", [*ROBUST, sequence_cross_entropy])
def test_refuses_another_reduction(loss):
    shape = (2, 3, 4) if loss is sequence_cross_entropy else (2, 4, 3)
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(torch.zeros(shape), torch.zeros(2, 3, dtype=torch.long), reduction="avg")


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda z, y: generalized_cross_entropy(z, y, q=1.5), "q must .* got 1.5"),
        (lambda z, y: generalized_cross_entropy(z, y, q=-0.1), "q must .* got -0.1"),
        (lambda z, y: poly_loss(z, y, epsilon=-1.1), "epsilon must .* got -1.1"),
        (lambda z, y: poly_loss(z, y, epsilon=math.inf), "epsilon must .* got inf"),
        (lambda z, y: symmetric_cross_entropy(z, y, alpha=-1), "got -1, 1.0 and"),
        (lambda z, y: symmetric_cross_entropy(z, y, beta=-2), "got 0.1, -2 and"),
        (lambda z, y: symmetric_cross_entropy(z, y, log_zero=4), "1.0 and 4"),
        (lambda z, y: sequence_cross_entropy(z, y), r"\(2, 3\) and \(2,\)"),
        (
            lambda z, y: sequence_cross_entropy(z[None], y[None, :1]),
            r"\(1, 2, 3\) and \(1, 1\)",
        ),
        (
            lambda z, y: sequence_cross_entropy(z[None], y[None].int()),
            "target must be torch.int64, got torch.int32",
        ),
    ],
)
def test_refuses_bad_values(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3), torch.zeros(2, dtype=torch.long))


@pytest.mark.parametrize("loss", ROBUST)
def test_gradcheck(loss):
    logits, target = sample()
    target[1] = -100
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), logits)
    assert torch.autograd.gradcheck(
        lambda z: sequence_cross_entropy(z[None], target[None]), logits
    )


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
@pytest.mark.parametrize("loss", ROBUST)
def test_finite_at_extreme_logits(loss, dtype):
    huge = torch.finfo(dtype).max / 4
    logits = torch.tensor(
        [[huge, -huge, 0], [300, 0, 0], [0, 300, -300], [1e-4, 0, 0]], dtype=dtype
    )
    for target in (torch.tensor([1, 1, 1, 1]), torch.tensor([0, 0, 2, 0])):
        z = logits.clone().requires_grad_()
        value = loss(z, target, reduction="none")
        value.sum().backward()
        assert value.isfinite().all() and z.grad.isfinite().all()
        assert value.dtype == torch.float32 and z.grad.dtype == dtype
        assert (value >= 0).all()


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_computed_in_float32(dtype):
    logits, target = sample(n=6, dtype=torch.float32)
    half = logits.to(dtype)
    for loss in ROBUST:
        torch.testing.assert_close(loss(half, target), loss(half.float(), target))
    ours = sequence_cross_entropy(half[None], target[None])
    assert ours.dtype == torch.float32
    torch.testing.assert_close(ours, F.cross_entropy(half.float(), target))


def test_a_masked_target_class_has_a_finite_robust_loss():
    z = torch.tensor([[-torch.inf, 0.0]], requires_grad=True)
    loss = generalized_cross_entropy(z, torch.tensor([0]))
    loss.backward()
    assert loss.item() == pytest.approx(1 / 0.7)
    assert z.grad.isfinite().all()


# Claims about torch


def operations(call) -> list[str]:
    class Record(TorchDispatchMode):
        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            names.append(str(function))
            return function(*args, **kwargs or {})

    names = []
    with Record():
        call()
    return names


def test_cross_entropy_runs_the_kernels_of_its_parts():
    z, y = sample()
    whole = operations(lambda: F.cross_entropy(z, y))
    assert whole == operations(lambda: F.nll_loss(z.log_softmax(1), y))
    assert len(whole) == 2


def test_pull_is_at_least_half_while_the_argmax_is_wrong():
    logits, target = sample(n=500, c=3)
    each = slope(F.cross_entropy, logits, target, reduction="sum")
    wrong = logits.argmax(1) != target
    pull = -each.gather(1, target[:, None]).squeeze(1)
    assert wrong.any() and pull[wrong].min() >= 0.5
    assert pull[~wrong].min() < 0.5


@pytest.mark.parametrize("c", [2, 10, 100])
def test_softmax_twice(c):
    right = F.one_hot(torch.tensor([0]), c).double()
    floor = F.cross_entropy(right, torch.tensor([0])).item()
    assert floor == pytest.approx(math.log(1 + (c - 1) / math.e))
    start, y = torch.zeros(1, c, dtype=torch.float64), torch.tensor([0])
    twice = slope(lambda z, t: F.cross_entropy(z.softmax(1), t), start, y)
    torch.testing.assert_close(twice, slope(F.cross_entropy, start, y) / c)


def test_gradient_of_log_softmax_in_two_steps_breaks_before_its_value():
    for gap, fine in ((88.0, True), (89.0, False)):
        z = torch.tensor([0.0, gap], requires_grad=True)
        value = z.softmax(0).log()[0]
        assert value.item() == pytest.approx(-gap)
        gradient = torch.autograd.grad(value, z)[0]
        assert gradient.isfinite().all().item() == fine
    assert torch.tensor([0.0, 103.9]).softmax(0).log()[0].isfinite()
    assert torch.tensor([0.0, 104.0]).softmax(0).log()[0].isinf()


@pytest.mark.parametrize("p, margin", [(1, 1.0), (2, 1.0), (1, 0.3), (2, 2.5)])
def test_multi_margin_is_the_formula_shown(p, margin):
    logits, target = sample()
    weight = torch.tensor([1.0, 2.0, 5.0, 0.5], dtype=torch.float64)
    for w in (None, weight):
        total = []
        for z, y in zip(logits, target, strict=True):
            others = [c for c in range(4) if c != y]
            terms = [max(0.0, margin - (z[y] - z[c]).item()) ** p for c in others]
            total.append(sum(terms) / 4 * (1 if w is None else w[y].item()))
        ours = F.multi_margin_loss(logits, target, p=p, margin=margin, weight=w)
        assert ours.item() == pytest.approx(sum(total) / 6)


def test_nll_has_no_lower_bound_on_raw_scores():
    z = torch.tensor([[50.0, 0.0]])
    assert F.nll_loss(z, torch.tensor([0])) == -50
    assert F.nll_loss(z.log_softmax(1), torch.tensor([0])) >= 0


def test_bfloat16_loss_and_autocast():
    z, y = sample(dtype=torch.bfloat16)
    assert F.cross_entropy(z, y).dtype == torch.bfloat16
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert F.cross_entropy(z, y).dtype == torch.float32


def test_a_module_called_like_a_function_raises():
    with pytest.raises(
        RuntimeError, match="Boolean value of Tensor with more than one"
    ):
        nn.CrossEntropyLoss(*sample())


# What the figures and tables show


def cells(text):
    return [[c.strip() for c in row.strip("|").split("|")] for row in text.splitlines()]


@pytest.mark.parametrize("module", [adaptive, divisor, shapes])
def test_tables_are_rectangular(module):
    assert len({len(row) for row in cells(module.table())}) == 1


def test_shapes_shown():
    outcome = {row[0]: row[3] for row in cells(shapes.table())[2:]}
    silent = {name for name, text in outcome.items() if "silent" in text}
    assert silent == {
        "the same, T = C",
        "(N, T, C), probabilities",
        "the same, W = C",
        "the same, float",
    }
    right = {name for name, text in outcome.items() if text.startswith("`")}
    assert len(right) == 5 and all("(" in name for name in right)


def test_divisors_shown():
    found = {row[0]: (row[1], row[2]) for row in cells(divisor.table())[2:]}
    assert found["`weight`"] == ("10", "weights of the targets")  # 5 + 2 + 1 + 2
    assert found["`weight`, one target ignored"] == ("8", "weights of the targets")
    assert found["probabilities, `weight`"] == ("4", "N")
    assert found["one target ignored"] == ("3", "targets that are left")
    assert found["`(N, C, H, W)` probabilities"] == ("24", "N H W")
    assert found["MultiMarginLoss, `weight`"] == ("4", "N")


def test_adaptive_sizes_shown():
    for row, cutoffs in zip(cells(adaptive.table())[2:], adaptive.CUTOFFS, strict=True):
        edges = [*cutoffs, adaptive.CLASSES]
        d = adaptive.FEATURES
        size = (cutoffs[0] + len(cutoffs)) * d
        for i in range(len(cutoffs)):
            width = d // 4 ** (i + 1)
            size += width * (d + edges[i + 1] - edges[i])
        assert row[1] == f"{size / (adaptive.CLASSES * d):.0%}".replace("%", " %")
        sorted_, reversed_ = (int(row[i].removesuffix(" %")) for i in (2, 3))
        assert sorted_ < reversed_ if len(cutoffs) < 3 else sorted_ <= reversed_


def test_pulls_shown():
    p = torch.tensor([0.02, 0.5, 0.9], dtype=torch.float64)
    logits = torch.stack([p.logit(), torch.zeros_like(p)], 1)
    target = torch.zeros(3, dtype=torch.int64)
    pull = {
        name: -slope(loss, logits, target, reduction="sum")[:, 0]
        for name, loss in curves.LOSSES.items()
    }
    torch.testing.assert_close(pull["cross-entropy"], 1 - p)
    torch.testing.assert_close(pull["poly-1, epsilon 2"], (1 + 2 * p) * (1 - p))
    torch.testing.assert_close(pull["generalised, q 0.7"], p**0.7 * (1 - p))
    torch.testing.assert_close(pull["generalised, q 1"], p * (1 - p))


def test_accuracy_shown_under_wrong_labels():
    x, clean, noisy = noise._data()
    wrong = (noisy != clean[..., None]).float().mean((0, 1))
    torch.testing.assert_close(
        wrong, torch.tensor(noise.PERCENT) / 100, rtol=0, atol=0.02
    )
    runs = {}
    for name in ("CE", "q 0.7"):
        last, stopped = 100 * noise._accuracy(noise.LOSSES[name]).mean(1)
        runs |= {(name, False): last, (name, True): stopped}
    at_20 = [runs[run][1].item() for run in runs]
    at_60 = [runs[run][3].item() for run in runs]
    assert at_20 == pytest.approx([64, 83, 79, 91], abs=2)
    assert at_60 == pytest.approx([26, 33, 41, 58], abs=2)
    start = torch.stack([run[0] for run in runs.values()])
    assert start.max() - start.min() < 2
    both = runs["q 0.7", True]
    assert all((both[1:] > runs[run][1:] + 5).all() for run in list(runs)[:3])
