"""Sparse gradients: the helpers against dense torch, and what their page says."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adagrad, Adam, AdamW, SparseAdam

from snippets.optimizers.sparse import accepts, lazy, zipf
from snippets.optimizers.sparse.clip_sparse_grad_norm import clip_sparse_grad_norm
from snippets.optimizers.sparse.split_sparse import split_sparse


@pytest.fixture(autouse=True)
def _chosen():
    torch.sparse.check_sparse_tensor_invariants.disable()


def models():
    """The same table and layer, with sparse and with dense gradients."""
    found = []
    for sparse in (True, False):
        torch.manual_seed(0)
        table, layer = nn.Embedding(6, 3, sparse=sparse), nn.Linear(3, 1)
        layer(table(torch.tensor([1, 1, 4]))).square().sum().mul(100).backward()
        found.append([*table.parameters(), *layer.parameters()])
    return found


# Clipping


@pytest.mark.parametrize("max_norm", [1e-3, 1.0, 1e6])
def test_clip_is_the_dense_one(max_norm):
    sparse, dense = models()
    one = clip_sparse_grad_norm(sparse, max_norm)
    two = nn.utils.clip_grad_norm_(dense, max_norm)
    torch.testing.assert_close(one, two)
    for p, q in zip(sparse, dense, strict=True):
        torch.testing.assert_close(p.grad.to_dense(), q.grad)
    assert sparse[0].grad.is_sparse


def test_clip_skips_what_has_no_gradient():
    sparse, _ = models()
    idle = nn.Parameter(torch.ones(1))
    assert clip_sparse_grad_norm([idle, *sparse], 1.0) > 1
    assert idle.grad is None


@pytest.mark.parametrize("bad", [0.0, -1.0, float("nan")])
def test_clip_refuses(bad):
    with pytest.raises(ValueError, match="max_norm must be above 0, got"):
        clip_sparse_grad_norm(models()[0], bad)


# Splitting


def test_split_covers_each_trainable_parameter_once():
    model = nn.ModuleDict(
        {
            "a": nn.Embedding(5, 2, sparse=True),
            "b": nn.EmbeddingBag(5, 2, sparse=True),
            "c": nn.Embedding(5, 2),
            "d": nn.Sequential(nn.Linear(2, 2), nn.LayerNorm(2)),
            "e": nn.Embedding(5, 2, sparse=True),
        }
    )
    model["e"].weight = model["a"].weight
    model["d"][0].bias.requires_grad_(False)
    tables, rest = split_sparse(model)
    assert [id(p) for p in tables] == [id(model[k].weight) for k in "ab"]
    expected = {id(p) for p in model.parameters() if p.requires_grad}
    assert {id(p) for p in tables + rest} == expected
    assert len(tables + rest) == len(expected)


def test_split_refuses_tied_weights():
    model = nn.ModuleDict(
        {"in": nn.Embedding(5, 2, sparse=True), "out": nn.Linear(2, 5)}
    )
    model["out"].weight = model["in"].weight
    with pytest.raises(
        ValueError, match="must not be tied, got in.weight and out.weight"
    ):
        split_sparse(model)


# What the page says


def test_table_of_answers():
    rows = dict(
        line.strip("| ").split(" | ") for line in accepts.table().split("\n")[2:]
    )
    taken = {name for name, answer in rows.items() if answer == "taken"}
    names = {"`Adagrad`", "`LBFGS`", "`SGD`", "`SparseAdam`", "`SGD`, `momentum=0.9`"}
    assert taken == names
    assert rows["`AdamW`"].startswith("Adam does not")
    kinds = {n for n in dir(torch.optim) if n[0].isupper()} - {"Optimizer"}
    assert set(accepts._kinds()) == kinds


def test_sparse_adam_is_its_rule():
    lr, b1, b2, eps = 0.1, 0.8, 0.9, 1e-3
    torch.manual_seed(1)
    table = nn.Embedding(4, 2, sparse=True, dtype=torch.float64)
    w, m, v = table.weight.detach().clone(), torch.zeros(4, 2), torch.zeros(4, 2)
    m, v = m.double(), v.double()
    optimizer = SparseAdam(list(table.parameters()), lr, (b1, b2), eps)
    for t, rows in enumerate(([0, 0], [1, 2], [0, 1], [2, 2]), 1):
        optimizer.zero_grad()
        table(torch.tensor(rows)).square().sum().backward()
        g = torch.zeros_like(w)
        for i in rows:
            g[i] += 2 * w[i]
        optimizer.step()
        for i in set(rows):
            m[i] = b1 * m[i] + (1 - b1) * g[i]
            v[i] = b2 * v[i] + (1 - b2) * g[i] ** 2
            scale = (1 - b2**t) ** 0.5 / (1 - b1**t)
            w[i] -= lr * scale * m[i] / (v[i].sqrt() + eps)
        torch.testing.assert_close(table.weight.detach(), w)


@pytest.mark.parametrize("kind", [SGD, Adagrad])
def test_sparse_and_dense_steps_are_the_same(kind):
    paths = []
    for sparse in (True, False):
        torch.manual_seed(0)
        table = nn.Embedding(9, 2, sparse=sparse)
        optimizer = kind(table.parameters(), lr=0.1)
        for _ in range(20):
            optimizer.zero_grad()
            (table(torch.randint(9, (3,))) - 1).square().sum().backward()
            optimizer.step()
        paths.append(table.weight.detach())
    torch.testing.assert_close(*paths)


def test_lazy():
    dense, sparse = lazy._path(False), lazy._path(True)
    assert dense[20] == pytest.approx(sparse[20], rel=1e-3)
    assert sparse[39] == sparse[20] and dense[39] > 8 * dense[20]
    assert 23 < dense[-1] < 25 and 7 < sparse[-1] < 9


def test_late_rows_step_too_far():
    """A row first seen after 20 000 steps: 6.6 times lr at the twelfth sighting."""
    table = nn.Parameter(torch.zeros(2, 1))
    optimizer = SparseAdam([table], lr=1.0)
    one = torch.sparse_coo_tensor([[0]], torch.ones(1, 1), (2, 1)).coalesce()
    table.grad = one
    optimizer.step()
    optimizer.state[table]["step"] = 20_000
    both = torch.sparse_coo_tensor([[1]], torch.ones(1, 1), (2, 1)).coalesce()
    steps = []
    for _ in range(100):
        before, table.grad = table[1].item(), both
        optimizer.step()
        steps.append(before - table[1].item())
    assert steps[0] == pytest.approx(3.16, abs=0.01)
    assert max(steps) == pytest.approx(6.57, abs=0.01) and steps.index(max(steps)) == 11


def test_zipf():
    lowest = {}
    for name in zipf.KINDS:
        _, loss = zipf._losses(name)
        lowest[name] = loss.mean(1).nan_to_num(9).min().item()
    assert lowest["SGD"] < lowest["Adagrad"] < lowest["Adam"] < lowest["SparseAdam"]
    assert lowest["SparseAdam"] > 1.5 * lowest["Adam"]
    assert lowest["SparseAdam, beta1 0"] == pytest.approx(lowest["Adam"], rel=0.1)


def test_beta2_beyond_the_default_changes_nothing(monkeypatch):
    monkeypatch.setattr(zipf, "GRID", (0.1,))
    case = (Adam, False, {"betas": (0.9, 0.9999)})
    monkeypatch.setitem(zipf.KINDS, "more", case)
    monkeypatch.setitem(zipf.KINDS, "less", (Adam, False, {"betas": (0.9, 0.9)}))
    low, high, less = (zipf._losses(k)[1].mean() for k in ("Adam", "more", "less"))
    assert abs(high / low - 1) < 0.1
    assert less > 1.1 * low


def test_momentum_moves_absent_rows():
    table = nn.Embedding(2, 1, sparse=True)
    optimizer = SGD(table.parameters(), lr=0.1, momentum=0.9)
    for row in (0, 1):
        optimizer.zero_grad()
        before = table.weight.detach().clone()
        table(torch.tensor([row])).sum().backward()
        optimizer.step()
    assert (before - table.weight)[0].item() == pytest.approx(0.09, rel=1e-3)


def test_adamw_decays_absent_rows():
    table = nn.Embedding(2, 1)
    before = table.weight[1].item()
    optimizer = AdamW(table.parameters(), lr=0.1, weight_decay=0.1)
    table(torch.tensor([0])).sum().backward()
    optimizer.step()
    assert table.weight[1].item() == pytest.approx(0.99 * before)
