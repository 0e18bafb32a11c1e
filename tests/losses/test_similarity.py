"""The similarity losses against torch, slow loops and closed forms in float64."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from snippets.losses.similarity import active, distances, silent
from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from snippets.losses.similarity.contrastive_loss import contrastive_loss
from snippets.losses.similarity.semi_hard_triplet_loss import semi_hard_triplet_loss

MINED = [batch_hard_triplet_loss, semi_hard_triplet_loss]
HALVES = [torch.bfloat16, torch.float16]
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
labels = st.lists(st.integers(0, 3), min_size=1, max_size=9)


def points(n, d=3, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(n, d, generator=generator, dtype=torch.float64).to(dtype)


# Slow loops, with gradients by autograd through a distance at a time


def slow_batch_hard(x, label, margin):
    losses = []
    for i in range(len(x)):
        far = [
            (x[i] - x[j]).norm() for j in range(len(x)) if i != j and same(label, i, j)
        ]
        near = [(x[i] - x[j]).norm() for j in range(len(x)) if not same(label, i, j)]
        if far and near:
            losses.append((max(far) - min(near) + margin).clamp(min=0))
    return losses


def slow_semi_hard(x, label, margin):
    losses = []
    x = x / x.norm(dim=1, keepdim=True)
    for i, j in itertools.product(range(len(x)), repeat=2):
        negatives = [k for k in range(len(x)) if not same(label, i, k)]
        if i == j or not same(label, i, j) or not negatives:
            continue
        to_positive = (x[i] - x[j]).square().sum()
        apart = [(x[i] - x[k]).square().sum() for k in negatives]
        farther = [d for d in apart if d > to_positive]
        losses.append(
            (to_positive - min(farther, default=max(apart)) + margin).clamp(0)
        )
    return losses


def same(label, i, j):
    return label[i] == label[j]


SLOW = dict(zip(MINED, (slow_batch_hard, slow_semi_hard), strict=True))


@pytest.mark.parametrize("loss", MINED)
def test_mined_losses_are_their_slow_loops(loss):
    @few
    @given(labels, st.floats(0.01, 3), st.integers(0, 99))
    def check(label, margin, seed):
        ours = points(len(label), seed=seed).requires_grad_()
        theirs = ours.detach().clone().requires_grad_()
        label = torch.tensor(label)
        each = loss(ours, label, margin, reduction="none")
        oracle = SLOW[loss](theirs, label, margin)
        assert len(each) == len(oracle)
        if oracle:
            torch.testing.assert_close(each, torch.stack(oracle))
            value = loss(ours, label, margin)
            torch.testing.assert_close(value, each.mean())
            value.backward()
            torch.stack(oracle).mean().backward()
            torch.testing.assert_close(ours.grad, theirs.grad)
        torch.testing.assert_close(loss(ours, label, margin, "sum"), each.sum())

    check()


def test_larger_batches_where_the_search_uses_a_matrix_product():
    label = torch.arange(60) % 6
    x = F.normalize(points(60, 16), dim=1)
    d = torch.from_numpy(cdist(x, x))
    alike = label[:, None] == label
    far = d.masked_fill(~alike, -1).amax(1) - d.masked_fill(alike, 9).amin(1)
    hard = (far + 0.5).clamp(min=0)
    torch.testing.assert_close(batch_hard_triplet_loss(x, label, 0.5, "none"), hard)
    i, j = (alike & ~torch.eye(60).bool()).nonzero(as_tuple=True)
    near = d[i].masked_fill(alike[i] | (d[i] <= d[i, j][:, None]), 9).amin(1)
    near = torch.where(near < 9, near, d[i].masked_fill(alike[i], -1).amax(1))
    semi = (d[i, j] ** 2 - near**2 + 0.5).clamp(min=0)
    torch.testing.assert_close(semi_hard_triplet_loss(x, label, 0.5, "none"), semi)
    for loss, oracle in zip(MINED, (hard, semi), strict=True):
        value = loss(x.float(), label, 0.5).double()
        torch.testing.assert_close(value, oracle.mean(), rtol=1e-3, atol=0)


def test_batch_hard_of_points_far_apart():
    x = torch.tensor([[0.0], [400.0], [1000.0], [3000.0]])
    each = batch_hard_triplet_loss(x, torch.tensor([0, 0, 1, 1]), 900.0, "none")
    assert each.tolist() == [300.0, 700.0, 2300.0, 300.0]


def test_semi_hard_negatives_are_strictly_farther():
    # from the first point: a positive and a negative both at 90 degrees, one at 180
    x = torch.tensor([[1.0, 0.0], [0.0, 1.0], [0.0, -1.0], [-1.0, 0.0]])
    each = semi_hard_triplet_loss(x, torch.tensor([0, 0, 1, 1]), 3.0, "none")
    assert each[0] == 2 - 4 + 3


@pytest.mark.parametrize("loss", MINED)
@pytest.mark.parametrize("label", [[], [0], [0, 1, 2, 3], [5, 5, 5, 5]])
def test_without_a_triplet_it_is_zero_with_a_gradient(loss, label):
    x = points(len(label)).requires_grad_()
    value = loss(x, torch.tensor(label, dtype=torch.long))
    value.backward()
    assert value == 0 and x.grad.abs().sum() == 0
    assert loss(x, torch.tensor(label, dtype=torch.long), reduction="none").shape == (
        0,
    )


@pytest.mark.parametrize("loss", MINED)
@pytest.mark.parametrize("n", [4, 40])
def test_equal_points_cost_the_margin_and_have_no_nan(loss, n):
    x = torch.ones(n, 8, requires_grad=True)
    value = loss(x, torch.arange(n) % 2, margin=0.3)
    value.backward()
    assert value.item() == pytest.approx(0.3, abs=1e-6)
    assert x.grad.abs().max() < 1e-6
    # one duplicate of another class among different points
    x = points(n, 8, dtype=torch.float32)
    x[1] = x[0]
    x.requires_grad_()
    loss(x, torch.arange(n) % 2).backward()
    assert x.grad.isfinite().all()


@pytest.mark.parametrize("loss", MINED)
def test_gradcheck_of_the_mined(loss):
    x, label = points(7).requires_grad_(), torch.tensor([0, 0, 1, 1, 1, 2, 2])
    assert torch.autograd.gradcheck(lambda v: loss(v, label, 0.7), x)


def test_semi_hard_ignores_length_and_batch_hard_does_not():
    x, label = points(9), torch.arange(9) % 3
    torch.testing.assert_close(
        semi_hard_triplet_loss(x, label), semi_hard_triplet_loss(7 * x, label)
    )
    assert batch_hard_triplet_loss(7 * x, label) > 2 * batch_hard_triplet_loss(x, label)


# Pairs


@few
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(-3, 3), st.booleans()), min_size=1),
    st.floats(0.1, 4),
    st.sampled_from([0, 1]),
)
def test_contrastive_is_its_formula(rows, margin, similar):
    values = np.array([row[:2] for row in rows])
    target = torch.tensor([row[2] for row in rows])
    left = torch.from_numpy(np.c_[values, values * 0]).requires_grad_()
    right = torch.from_numpy(np.c_[values[:, ::-1], values * 0 + 0.5])
    d = np.diag(cdist(left.detach(), right))
    alike = target.numpy() == similar
    oracle = np.where(alike, d**2, np.clip(margin - d, 0, None) ** 2) / 2
    each = contrastive_loss(
        left, right, target, similar=similar, margin=margin, reduction="none"
    )
    torch.testing.assert_close(each, torch.from_numpy(oracle))
    (grad,) = torch.autograd.grad(each.sum(), left)
    pull = np.where(alike, 1.0, -np.clip(margin - d, 0, None) / d)
    torch.testing.assert_close(
        grad, torch.from_numpy(pull[:, None]) * (left - right).detach()
    )


def test_contrastive_reductions_dtypes_of_the_target_and_conventions():
    left, right = points(6), points(6, seed=1)
    target = torch.tensor([0, 1, 1, 0, 1, 0])
    each = contrastive_loss(left, right, target, similar=1, reduction="none")
    assert each.shape == (6,)
    total = contrastive_loss(left, right, target, similar=1, reduction="sum")
    torch.testing.assert_close(total, each.sum())
    for dtype in (torch.bool, torch.uint8, torch.float16, torch.float64):
        value = contrastive_loss(left, right, target.to(dtype), similar=1)
        torch.testing.assert_close(value, total / 6)
    other = contrastive_loss(left, right, 1 - target, similar=0)
    torch.testing.assert_close(other, total / 6)


def test_contrastive_at_distance_zero():
    x = torch.ones(2, 3, requires_grad=True)
    loss = contrastive_loss(x, torch.ones(2, 3), torch.tensor([0, 1]), similar=1)
    loss.backward()
    assert loss == 0.25 and (x.grad == 0).all()


def test_contrastive_gradcheck():
    left, right = points(6).requires_grad_(), points(6, seed=1).requires_grad_()
    target = torch.tensor([0, 1, 1, 0, 1, 0])
    assert torch.autograd.gradcheck(
        lambda a, b: contrastive_loss(a, b, target, similar=1, margin=3.0),
        (left, right),
    )


# Half precision, extremes and messages


CALLS = [
    lambda x: batch_hard_triplet_loss(x, torch.arange(8) % 2),
    lambda x: semi_hard_triplet_loss(x, torch.arange(8) % 2),
    lambda x: contrastive_loss(x, x.flip(0), torch.arange(8) % 2, similar=1),
]


@pytest.mark.parametrize("dtype", HALVES)
@pytest.mark.parametrize("call", CALLS)
def test_half_precision_is_computed_in_float32(call, dtype):
    x = points(8, 16).to(dtype).requires_grad_()
    value = call(x)
    value.backward()
    assert value.dtype == torch.float32 and x.grad.dtype == dtype
    torch.testing.assert_close(value, call(x.detach().float()))
    assert call(x.double()).dtype == torch.float64


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("size", [1e-30, 1e-4, 1e4])
def test_extreme_lengths_are_finite(call, dtype, size):
    x = (size * points(8)).to(dtype).requires_grad_()
    value = call(x)
    value.backward()
    assert value.isfinite() and x.grad.isfinite().all()


LABEL = torch.tensor([0, 0, 1])


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda f: f(torch.ones(3), LABEL), r"got \(3,\) and \(3,\)"),
        (lambda f: f(torch.ones(3, 2), LABEL[:, None]), r"got \(3, 2\) and \(3, 1\)"),
        (lambda f: f(torch.ones(4, 2), LABEL), r"got \(4, 2\) and \(3,\)"),
        (lambda f: f(torch.ones(3, 2), LABEL, 0), "margin must be positive, got 0"),
        (lambda f: f(torch.ones(3, 2), LABEL, reduction="avg"), "got 'avg'"),
    ],
)
@pytest.mark.parametrize("loss", MINED)
def test_messages_of_the_mined(loss, call, message):
    with pytest.raises(ValueError, match=message):
        call(loss)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"right": torch.ones(1, 2)}, r"got \(3, 2\), \(1, 2\) and \(3,\)"),
        ({"target": LABEL[:, None]}, r"\(3, 1\)"),
        ({"target": 2 * LABEL - 1}, r"0 and 1 only, got \[-1, 1\]"),
        ({"target": torch.full((3,), torch.nan)}, "0 and 1 only, got"),
        ({"similar": -1}, "similar must be 0 or 1, got -1"),
        ({"margin": -0.5}, "margin must be positive, got -0.5"),
        ({"reduction": "batchmean"}, "got 'batchmean'"),
    ],
)
def test_messages_of_contrastive(change, message):
    call = {"left": torch.ones(3, 2), "right": torch.zeros(3, 2), "target": LABEL}
    with pytest.raises(ValueError, match=message):
        contrastive_loss(**(call | {"similar": 1} | change))


def test_similar_has_no_default():
    with pytest.raises(TypeError, match="similar"):
        contrastive_loss(torch.ones(3, 2), torch.ones(3, 2), LABEL)


# What figures and tables show


@pytest.fixture(scope="module")
def shown():
    rows = silent.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1
    cells = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows[2:]]
    return {name: (change, float(share[:4])) for name, change, share in cells}


def test_wrong_runs_do_not_look_wrong(shown):
    untrained = shown["untrained"][1]
    wrong = {name: row for name, row in shown.items() if name.startswith("↳")}
    right = {k: v for k, v in shown.items() if k not in wrong and k != "untrained"}
    assert len(wrong) == 6 and len(right) == 4
    assert all(share > untrained + 0.1 for _, share in right.values())
    assert all(share < untrained for _, share in wrong.values())
    for change, _ in wrong.values():
        before, after = map(float, change.split(" to "))
        assert after < before + 0.02
    assert shown["↳ cosine similarity"][1] == pytest.approx(0.59, abs=0.005)
    assert untrained == pytest.approx(0.79, abs=0.005)


def test_nearer_is_the_area_under_the_roc_curve():
    """An independent computation, from the embeddings of a short training."""
    kept = {}

    def keep(weights, x, embed=silent._embed):
        kept["embedding"] = embed(weights, x)
        return kept["embedding"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(silent, "_embed", keep)
        loss = silent.LOSSES["CosineEmbeddingLoss, ±1"]
        values, nearer = silent._train(loss, steps=3)
    assert len(values) == 3
    embedding = kept["embedding"]
    _, digit = silent.load_digits(return_X_y=True)
    digit = digit[-silent.TEST :]
    i, j = np.triu_indices(silent.TEST, 1)
    for z, share in zip(embedding.double().numpy(), nearer, strict=True):
        score = roc_auc_score(digit[i] == digit[j], -cdist(z, z)[i, j])
        assert share.item() == pytest.approx(score, abs=1e-4)


def test_random_triplets_run_out_and_hard_ones_do_not():
    share = {name: active._run(loss, 0) for name, loss in active.LOSSES.items()}
    assert 0.3 < share["random"][0] < 0.5 and share["random"][-1] < 0.2
    assert share["semi-hard"][0] > 0.7 and 0.25 < share["semi-hard"][-1] < 0.5
    assert share["batch-hard"].min() > 0.99


def test_random_triplets_are_triplets():
    label = torch.arange(12) % 3
    chosen = []

    def spy(a, p, n, *rest, **kwargs):
        chosen.append((p[:, 0].long(), n[:, 0].long()))
        return torch.zeros(len(a))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(F, "triplet_margin_loss", spy)
        for _ in range(20):
            active._random(torch.arange(12.0)[:, None], label, 0.2, "none")
    for p, n in chosen:
        assert (label[p] == label).all() and (p != torch.arange(12)).all()
        assert (label[n] != label).all()


def test_distances_table():
    probes = {name: distances._probe(way) for name, way in distances.WAYS.items()}
    nan = [name for name, (_, gradient, _) in probes.items() if gradient != gradient]
    assert len(nan) == 2 and all("sqrt" in name for name in nan)
    assert 1e-4 < probes["`torch.cdist`"][2] < 2e-3
    assert probes["`vector_norm(a - b)`"][2] < 1e-6
    rows = distances.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1
