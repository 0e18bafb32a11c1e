"""Muon against the rule written out, the split of a model, and the page's claims."""

import inspect

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from snippets.optimizers.muon import digits, matrix_problem, singular_values
from snippets.optimizers.muon.muon_and_adamw import muon_and_adamw
from snippets.optimizers.muon.newton_schulz import newton_schulz


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator)


# The iteration


@pytest.mark.parametrize("shape", [(8, 8), (5, 20), (20, 5), (2, 3, 6, 4)])
def test_iteration_is_the_polynomial_of_the_singular_values(shape):
    matrix = seeded(*shape).double()
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    s = s / matrix.norm(dim=(-2, -1))[..., None]
    for steps in (1, 5):
        mapped = singular_values._mapped(s, steps)
        oracle = u * mapped[..., None, :] @ vh
        torch.testing.assert_close(newton_schulz(matrix, steps), oracle)


@pytest.mark.parametrize("shape", [(16, 16), (8, 32), (32, 8)])
@pytest.mark.parametrize("scale", ["original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_torch_takes_the_step_of_the_page(shape, scale, nesterov):
    weight = nn.Parameter(seeded(*shape))
    ours, m = weight.detach().clone(), torch.zeros(shape)
    options = {"lr": 0.1, "adjust_lr_fn": scale, "nesterov": nesterov}
    muon = torch.optim.Muon([weight], **options)
    a, b = shape
    s = max(1, a / b) ** 0.5 if scale == "original" else 0.2 * max(a, b) ** 0.5
    for seed in range(3):
        g = weight.grad = seeded(*shape, seed=seed)
        muon.step()
        m = 0.95 * m + 0.05 * g
        u = 0.95 * m + 0.05 * g if nesterov else m
        ours = (1 - 0.1 * 0.1) * ours - 0.1 * s * newton_schulz(u.bfloat16()).float()
        torch.testing.assert_close(muon.state[weight]["momentum_buffer"], m)
    # bfloat16 rounds at other places: 2 % of the way, and a wrong rule is far off
    way = 3 * 0.1 * s * min(shape) ** 0.5
    assert (weight - ours).norm() < 0.06 * way


def test_the_docstring_differs_from_the_code_by_a_factor_only():
    text = torch.optim.Muon.__doc__
    assert r"B_t \leftarrow \mu B_{t-1} + g_t" in text
    g, m, buffer = seeded(3, 8, 8), torch.zeros(8, 8), torch.zeros(8, 8)
    for gradient in g:
        m = 0.95 * m + 0.05 * gradient
        buffer = 0.95 * buffer + gradient
    code, documented = 0.95 * m + 0.05 * g[2], g[2] + 0.95 * buffer
    torch.testing.assert_close(documented, 20 * code)


@pytest.mark.parametrize("shape", [(8, 32), (32, 8)])
def test_the_gram_matrix_is_the_small_one(shape):
    with FlopCounterMode(display=False) as counter:
        newton_schulz(seeded(*shape))
    assert counter.get_total_flops() == 5 * (4 * 8 * 8 * 32 + 2 * 8**3)


def test_where_the_singular_values_end():
    s = torch.logspace(-2.5, 0, 10_000)
    five = singular_values._mapped(s, 5)
    assert 0.68 < five.min() < 0.69 and 1.20 < five.max() < 1.21
    assert singular_values._mapped(torch.tensor(1e-3), 5) < 0.5
    assert 0.6 < singular_values._mapped(torch.tensor(0.25), 1) < 0.8


def test_iteration_of_half_precision_zeros_and_wrong_input():
    assert newton_schulz(torch.zeros(3, 4)).eq(0).all()
    assert newton_schulz(seeded(3, 4).bfloat16()).dtype == torch.bfloat16
    tiny = newton_schulz(1e-9 * torch.eye(2), steps=1)  # below eps: not normalised
    torch.testing.assert_close(tiny, 3.4445e-2 * torch.eye(2), rtol=1e-3, atol=0)
    with pytest.raises(ValueError, match=r"floating point .* shape \(3,\)"):
        newton_schulz(torch.zeros(3))
    with pytest.raises(ValueError, match=r"got torch.int64"):
        newton_schulz(torch.zeros(3, 3).long())


# The split


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(20, 8)
        self.attention = nn.MultiheadAttention(8, 2)
        self.conv = nn.Conv1d(8, 8, 3)
        self.norm = nn.LayerNorm(8)
        self.frozen = nn.Linear(8, 8)
        self.frozen.requires_grad_(False)
        self.head = nn.Linear(8, 20)
        self.head.weight = self.embedding.weight


def named(optimizer, model):
    names = {p: name for name, p in model.named_parameters()}
    return [{names[p] for p in g["params"]} for g in optimizer.param_groups]


def test_split_of_a_model_with_everything():
    model = Tied()
    muon, adamw = muon_and_adamw(model, model.head, lr=2e-3, weight_decay=0.3)
    assert named(muon, model) == [
        {"attention.in_proj_weight", "attention.out_proj.weight"}
    ]
    matrices, vectors = named(adamw, model)
    assert matrices == {"embedding.weight", "conv.weight"}
    assert "norm.weight" in vectors and "head.bias" in vectors
    given = [p for o in (muon, adamw) for g in o.param_groups for p in g["params"]]
    trainable = {p for p in model.parameters() if p.requires_grad}
    assert len(given) == len(trainable) and set(given) == trainable
    assert [g["weight_decay"] for g in adamw.param_groups] == [0.3, 0.0]
    assert {g["lr"] for o in (muon, adamw) for g in o.param_groups} == {2e-3}
    group = muon.param_groups[0]
    assert group["weight_decay"] == 0.3
    assert group["adjust_lr_fn"] == "match_rms_adamw"


def test_head_is_taken_whole_and_none_is_allowed():
    head = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    model = nn.Sequential(nn.Linear(4, 4, bias=False), head)
    muon, adamw = muon_and_adamw(model, head)
    assert named(muon, model) == [{"0.weight"}]
    muon, _ = muon_and_adamw(model, None)
    assert len(muon.param_groups[0]["params"]) == 3


def test_split_refuses():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 2))
    with pytest.raises(ValueError, match="head must be a module of model"):
        muon_and_adamw(model, nn.Linear(4, 2))
    with pytest.raises(ValueError, match="got 0 for Muon and 4 for AdamW"):
        muon_and_adamw(model, model)
    with pytest.raises(ValueError, match="got 1 for Muon and 0 for AdamW"):
        muon_and_adamw(nn.Linear(4, 2, bias=False), None)


# What the page says


def test_muon_in_the_matrix_problem_is_torchs(monkeypatch):
    """The batch of float32 iterations ends where torch.optim.Muon ends."""
    ours = matrix_problem._errors("Muon", 1e4, 0.0)[2]
    seeds, n, steps = matrix_problem.SEEDS, matrix_problem.SIZE, matrix_problem.STEPS
    generator = torch.Generator().manual_seed(0)
    basis = torch.linalg.qr(torch.randn(seeds, n, n, generator=generator))[0]
    root = basis * 1e4 ** -torch.linspace(0, 0.5, n)
    target = torch.randn(seeds, n, n, generator=generator)[0] / 4
    weight = nn.Parameter(torch.zeros(n, n))
    lr = matrix_problem.GRIDS["Muon"][2]
    muon = torch.optim.Muon([weight], lr=lr, weight_decay=0.0)
    curve = torch.optim.lr_scheduler.LinearLR(muon, 1.0, 0.0, steps)
    for _ in range(steps):
        weight.grad = (weight.detach() - target) @ root[0] @ root[0].mT
        muon.step()
        curve.step()
    end = ((weight.detach() - target) @ root[0]).square().sum()
    error = (end / (target @ root[0]).square().sum()).item()
    assert 0.2 < error / ours[0].item() < 5
    assert ours[0] < 1e-2


def best(name, condition, noise):
    error = matrix_problem._errors(name, condition, noise).log10().mean(1)
    return 10 ** error.nan_to_num(nan=9.0).min().item()


def test_muon_wins_on_curvature_and_not_on_noise():
    sgd, adamw, muon = matrix_problem.GRIDS
    assert best(muon, 1e4, 0.0) < best(sgd, 1e4, 0.0) / 15
    assert best(muon, 1e4, 0.0) < best(adamw, 1e4, 0.0) / 60
    noisy = [best(name, 1e4, 0.3) for name in matrix_problem.GRIDS]
    assert max(noisy) < 2 * min(noisy)
    assert 2e-3 < min(noisy) < 8e-3
    easy = {name: best(name, 1e2, 0.0) for name in matrix_problem.GRIDS}
    assert easy[muon] > 100 * max(easy[sgd], easy[adamw])
    assert matrix_problem._errors(sgd, 1e4, 0.0)[-1].isnan().all()


def test_digits_and_the_head():
    losses = {k: digits._losses(k)[0] for k in ((), (0, 1), (0, 1, 2))}
    at = {k: int(nll.mean(1).argmin()) for k, nll in losses.items()}
    assert all(0 < i < len(digits.RATES) - 1 for i in at.values())
    plain, hidden, every = (losses[k][at[k]] for k in losses)
    assert hidden.mean() < plain.mean() - 0.05
    difference = every - hidden
    assert difference.mean().abs() < 2.36 * difference.std() / 8**0.5 + 0.02


def test_scales_of_the_page():
    factor, size = 0.2 * 1024**0.5, 0.88 * 1e-3 / 1024**0.5
    assert factor == pytest.approx(6.4)
    # an RMS of about 3e-5 for a width of 1024 at 1e-3
    assert size == pytest.approx(3e-5, rel=0.1)
    parameters = inspect.signature(torch.optim.Muon).parameters
    assert list(parameters) == [
        "params", "lr", "weight_decay", "momentum", "nesterov", "ns_coefficients",
        "eps", "ns_steps", "adjust_lr_fn",
    ]  # fmt: skip
    assert parameters["weight_decay"].default == 0.1


def test_share_of_the_flops():
    def share(a, b, tokens):
        return 5 * (4 * a * a * b + 2 * a**3) / (6 * a * b * tokens)

    assert share(4096, 4096, 10**6) == pytest.approx(0.02, abs=1e-3)
    assert share(4096, 4096, 4096) == pytest.approx(5)


def test_torchs_own_example_takes_every_2d_parameter():
    assert "p for p in model.parameters() if p.ndim == 2" in torch.optim.Muon.__doc__


def test_complex_and_sparse_raise_in_step():
    weight = nn.Parameter(torch.zeros(2, 2, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    with pytest.raises(RuntimeError, match="complex"):
        torch.optim.Muon([weight]).step()
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2).to_sparse()
    with pytest.raises(RuntimeError, match="sparse"):
        torch.optim.Muon([weight]).step()
