"""The contrastive losses against torch, slow loops and closed forms in float64."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp
from torch.nn import functional as F

from snippets.losses.contrastive import levels, plateau, temperature
from snippets.losses.contrastive.clip_loss import clip_loss
from snippets.losses.contrastive.embedding_spread import embedding_spread
from snippets.losses.contrastive.nt_xent import nt_xent
from snippets.losses.contrastive.supervised_contrastive_loss import (
    supervised_contrastive_loss,
)
from snippets.start.likelihood.info_nce import info_nce

HALVES = [torch.bfloat16, torch.float16]
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
sizes = st.integers(1, 7)
temperatures = st.floats(0.05, 5)


def points(n, d=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64)


def cosines(a, b):
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))
    return a @ b.T


@few
@given(sizes, temperatures, st.integers(0, 99))
def test_nt_xent_is_its_sum(n, t, seed):
    first, second = points(2 * n, seed=seed).chunk(2)
    views = torch.cat([first, second]).numpy()
    logits = cosines(views, views) / t
    losses = []
    for i in range(2 * n):
        others = [logits[i, k] for k in range(2 * n) if k != i]
        losses.append(logsumexp(others) - logits[i, (i + n) % (2 * n)])
    value = nt_xent(first, second, t)
    assert value.item() == pytest.approx(np.mean(losses), abs=1e-12)
    assert -1e-12 <= value <= math.log(2 * n - 1) + 2 / t


@few
@given(
    st.lists(st.integers(0, 3), min_size=2, max_size=9),
    temperatures,
    st.integers(0, 99),
)
def test_supcon_is_its_two_sums(label, t, seed):
    x = points(len(label), seed=seed)
    logits = cosines(x.numpy(), x.numpy()) / t
    out, inside = [], []
    for i in range(len(label)):
        others = [k for k in range(len(label)) if k != i]
        positives = [k for k in others if label[k] == label[i]]
        if positives:
            log_p = logits[i] - logsumexp(logits[i, others])
            out.append(-log_p[positives].mean())
            inside.append(-math.log(np.exp(log_p[positives]).mean()))
    for form, oracle in (("out", out), ("in", inside)):
        each = supervised_contrastive_loss(x, torch.tensor(label), t, form, "none")
        torch.testing.assert_close(each, torch.tensor(oracle, dtype=torch.float64))
        total = supervised_contrastive_loss(x, torch.tensor(label), t, form, "sum")
        torch.testing.assert_close(total, each.sum())
        mean = supervised_contrastive_loss(x, torch.tensor(label), t, form)
        torch.testing.assert_close(mean, each.sum() / max(len(each), 1))


@few
@given(sizes, temperatures, st.integers(0, 99))
def test_clip_is_info_nce_both_ways(n, t, seed):
    image, text = points(2 * n, seed=seed).chunk(2)
    log_scale = torch.tensor(-math.log(t), dtype=torch.float64)
    oracle = (info_nce(image, text, t) + info_nce(text, image, t)) / 2
    torch.testing.assert_close(clip_loss(image, text, log_scale), oracle)


def test_supcon_of_two_views_without_labels_is_nt_xent():
    first, second = points(12).chunk(2)
    label = torch.arange(6).repeat(2)
    value = supervised_contrastive_loss(torch.cat([first, second]), label, 0.5)
    torch.testing.assert_close(value, nt_xent(first, second))


@pytest.mark.parametrize("label", [[], [3], [0, 1, 2]])
@pytest.mark.parametrize("form", ["out", "in"])
def test_supcon_without_positives_is_zero_with_a_gradient(label, form):
    x = points(len(label)).requires_grad_()
    label = torch.tensor(label, dtype=torch.long)
    value = supervised_contrastive_loss(x, label, form=form)
    value.backward()
    assert value == 0 and (x.grad == 0).all()


@pytest.mark.parametrize("reduction", ["none", "sum", "mean"])
def test_supcon_leaves_lonely_anchors_out_but_keeps_them_as_negatives(reduction):
    x = points(5).requires_grad_()
    label = torch.tensor([0, 0, 1, 1, 2])
    value = supervised_contrastive_loss(x, label, reduction=reduction).sum()
    value.backward()
    assert value.isfinite() and x.grad[4].abs().max() > 0


# Gradients


def test_gradcheck():
    first, second = (p.requires_grad_() for p in points(10).chunk(2))
    assert torch.autograd.gradcheck(nt_xent, (first, second))
    log_scale = torch.tensor(1.5, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(clip_loss, (first, second, log_scale))
    x, label = points(6).requires_grad_(), torch.tensor([0, 0, 0, 1, 1, 2])
    for form in ("out", "in"):
        assert torch.autograd.gradcheck(
            lambda v, form=form: supervised_contrastive_loss(v, label, 0.5, form), x
        )


def test_scale_of_clip_is_capped_and_its_gradient_ends_there():
    image, text = points(8).chunk(2)
    for start, stuck in ((math.log(1 / 0.07), False), (4.7, True), (60.0, True)):
        log_scale = torch.tensor(start, requires_grad=True)
        value = clip_loss(image, text, log_scale)
        value.backward()
        assert (log_scale.grad == 0) == stuck
        if stuck:
            capped = clip_loss(image, text, torch.tensor(100.0).log())
            torch.testing.assert_close(value, capped)


CALLS = [
    lambda x: nt_xent(*x.chunk(2), temperature=0.05),
    lambda x: clip_loss(*x.chunk(2), torch.tensor(9.0)),
    lambda x: supervised_contrastive_loss(x, torch.arange(8) % 3, 0.05),
    lambda x: supervised_contrastive_loss(x, torch.arange(8) % 3, 0.05, "in"),
]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("call", CALLS)
def test_half_precision_is_computed_in_float32(call, dtype):
    x = points(8, 16).to(dtype).requires_grad_()
    value = call(x)
    value.backward()
    assert value.dtype == torch.float32 and x.grad.dtype == dtype
    torch.testing.assert_close(value, call(x.detach().float()))
    with torch.autocast("cpu", dtype=dtype):
        assert torch.equal(call(x.detach().float()), value.detach())


@pytest.mark.parametrize(
    "dtype, size",
    [(torch.float32, size) for size in (0.0, 1e-15, 1e-4, 1e4, 1e15)]
    + [(torch.bfloat16, size) for size in (0.0, 1e-15, 1e15)]
    # its gradient, of 1 / size, must fit float16 as well
    + [(torch.float16, size) for size in (0.1, 1e4)],
)
@pytest.mark.parametrize("call", CALLS)
def test_extreme_lengths_are_finite(call, dtype, size):
    x = (size * points(8)).to(dtype).requires_grad_()
    value = call(x)
    value.backward()
    assert value.isfinite() and x.grad.isfinite().all()


A, LABEL = torch.ones(3, 2), torch.tensor([0, 0, 1])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: nt_xent(A, A[:2]), r"got \(3, 2\) and \(2, 2\)"),
        (lambda: nt_xent(A[0], A[0]), r"got \(2,\)"),
        (lambda: nt_xent(A[:0], A[:0]), r"got \(0, 2\)"),
        (lambda: nt_xent(A, A, 0), "temperature must be positive, got 0"),
        (lambda: clip_loss(A, A[:2], LABEL[0]), r"got \(3, 2\) and \(2, 2\)"),
        (lambda: clip_loss(A[:0], A[:0], LABEL[0]), r"got \(0, 2\)"),
        (lambda: clip_loss(A, A, LABEL), r"log_scale must be a scalar, got \(3,\)"),
        (lambda: supervised_contrastive_loss(A, LABEL[:, None]), r"and \(3, 1\)"),
        (lambda: supervised_contrastive_loss(A[0], LABEL), r"got \(2,\) and"),
        (lambda: supervised_contrastive_loss(A, LABEL, -1), "positive, got -1"),
        (lambda: supervised_contrastive_loss(A, LABEL, form="L"), "form .* got 'L'"),
        (
            lambda: supervised_contrastive_loss(A, LABEL, reduction="avg"),
            "reduction must be .* got 'avg'",
        ),
        (lambda: embedding_spread(A[:1]), r"at least 2, got \(1, 2\)"),
        (lambda: embedding_spread(A[0]), r"got \(2,\)"),
    ],
)
def test_messages(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# Spread


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (50, 20)])
def test_spread_is_numpys(shape):
    x = points(*shape) + 0.3
    unit = (x / x.norm(dim=1, keepdim=True)).numpy()
    n, d = shape
    row = embedding_spread(x.requires_grad_())
    deviation = np.sqrt(unit.var(axis=0).mean() * d)
    assert row["spread"] == pytest.approx(deviation)
    share = np.linalg.svd(unit - unit.mean(axis=0), compute_uv=False)
    share = share[share > 1e-12] / share.sum()
    assert row["rank"] == pytest.approx(np.exp(-(share * np.log(share)).sum()))
    assert row["rank"] <= min(n - 1, d) + 1e-9
    cosine = cosines(unit, unit)[~np.eye(n, dtype=bool)].mean()
    assert row["cosine"] == pytest.approx(cosine)


def test_spread_of_one_point_in_float32():
    row = embedding_spread(torch.full((20, 6), 0.1))
    assert row["spread"] < 1e-6 and row["rank"] == 0
    assert row["cosine"] == pytest.approx(1)


# What figures and tables show


def test_levels():
    rows = levels.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows[2:]]
    value = {name: [float(v) for v in values] for name, *values in cells}
    n = levels.N
    closed = {
        "batch-hard, 0.2": (0.2, 0),
        "semi-hard, 0.2": (0.2, 0),
        "pairs, 1": (0.25, 0),
        "cosine, 0": (0.5, 0),
        "SupCon, 0.1": (
            math.log(n - 1),
            math.log(7 + 56 * math.exp(-10)),
        ),
        "NT-Xent, 0.5": (math.log(2 * n - 1), math.log(1 + 126 * math.exp(-2))),
        "NT-Xent, 0.1": (math.log(2 * n - 1), math.log(1 + 126 * math.exp(-10))),
        "CLIP, 0.07": (math.log(n), math.log(1 + 63 * math.exp(-1 / 0.07))),
    }
    assert list(closed) == list(value)
    for name, (collapsed, perfect) in closed.items():
        assert value[name][0] == pytest.approx(collapsed, abs=0.006)
        assert value[name][2] == pytest.approx(perfect, abs=0.006)
    # what the page says of the random column
    worse = {
        name for name, (collapsed, random, _) in value.items() if random > collapsed
    }
    assert "semi-hard, 0.2" not in worse
    assert worse >= {"batch-hard, 0.2", "NT-Xent, 0.1", "CLIP, 0.07"}
    assert value["CLIP, 0.07"][1] - value["CLIP, 0.07"][0] > 1


def test_effective_negatives_against_the_softmax():
    high, low = temperature._effective(128), temperature._effective(16)
    assert all(a <= b for a, b in zip(high, high[1:], strict=False))
    assert all(a < b for a, b in zip(low, high, strict=True))
    t = temperature.TEMPERATURES[4].item()
    generator = torch.Generator().manual_seed(0)
    unit = F.normalize(torch.randn(256, 16, generator=generator), dim=1).double()
    logits = (unit @ unit.T / t).fill_diagonal_(-torch.inf)
    p = logits.softmax(dim=1)
    entropy = -(p * p.clamp(min=1e-300).log()).sum(dim=1)
    assert low[4] == pytest.approx(entropy.exp().mean().item(), rel=1e-3)
    at = {round(t, 3): i for i, t in enumerate(temperature.TEMPERATURES.tolist())}
    assert round(high[at[0.01]]) == 2 and high[-1] > 250
    assert 105 < high[at[0.068]] < 120 and 165 < high[at[0.1]] < 180
    assert 13 < low[at[0.068]] < 17 and 215 < low[at[0.464]] < 225


def test_plateau():
    paths = {name: plateau._run(*run, 0) for name, run in plateau.RUNS.items()}
    semi, hard, high = paths.values()
    assert semi[0, -1] < 0.2 and semi[1, 2:].min() > 0.8
    assert hard[0, 1:4].min() > 0.9 and hard[0, -1] < 0.9
    assert hard[1, 1:3].max() < 0.12 and hard[1, -1] > 0.2
    assert high[0].min() > 0.98 and high[1, 1:].max() < 0.07
    assert hard[0, 4:].max() < 0.95 and hard[1, -3:].min() > 0.4
