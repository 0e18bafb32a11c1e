"""Adafactor against its rule written out, optimizer memory, and the page's claims."""

import math

import pytest
import torch
from torch import nn

from snippets.optimizers.adafactor import rates, state, totals


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator)


def rms(x):
    return x.square().mean().sqrt()


def step(w, g, memory, t, lr, tau=-0.8, eps=(2.0**-23, 1e-3), d=1.0, decay=0.0):
    """One step of a tensor, factored over its last two dimensions, if it has two."""
    new = t**tau
    g2 = g.double() ** 2
    if g.ndim > 1:
        r, c = memory or (0.0, 0.0)
        r = (1 - new) * r + new * g2.mean(-1, keepdim=True)
        c = (1 - new) * c + new * g2.mean(-2, keepdim=True)
        memory = r, c
        v = r * c / r.mean(-2, keepdim=True).clamp(min=eps[0])
    else:
        memory = v = (1 - new) * (0.0 if memory is None else memory) + new * g2
    u = g.double() / v.sqrt().clamp(min=eps[0])
    size = min(lr, t**-0.5) * max(eps[1], rms(w).item())
    w = (1 - lr * decay) * w - size * u / max(1.0, (rms(u) / d).item())
    return w, memory


@pytest.mark.parametrize("shape", [(6, 9), (7,), (2, 3, 4, 5)])
@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize(
    "options",
    [
        {"lr": 0.01},
        {"lr": 2.0, "weight_decay": 0.05},
        {"lr": 0.1, "d": 2.0, "beta2_decay": -0.5, "eps": (1e-4, 3.0)},
    ],
)
def test_torch_takes_the_step_of_the_page(shape, foreach, options):
    weight = nn.Parameter(seeded(*shape, seed=9))
    optimizer = torch.optim.Adafactor([weight], foreach=foreach, **options)
    names = {"beta2_decay": "tau", "weight_decay": "decay"}
    ours = {names.get(key, key): value for key, value in options.items()}
    w, memory = weight.detach().double(), None
    for t in range(1, 6):
        weight.grad = seeded(*shape, seed=t) * 10.0 ** (2 - t)
        w, memory = step(w, weight.grad, memory, t, **ours)
        optimizer.step()
        torch.testing.assert_close(weight.double(), w, rtol=1e-4, atol=1e-5)


def test_factors_of_a_kernel_are_over_its_last_two_dimensions():
    weight = nn.Parameter(seeded(2, 3, 4, 5))
    weight.grad = torch.ones_like(weight)
    optimizer = torch.optim.Adafactor([weight])
    optimizer.step()
    kept = optimizer.state[weight]
    assert kept["row_var"].shape == (2, 3, 4, 1)
    assert kept["col_var"].shape == (2, 3, 1, 5)


def test_rank_one_squares_are_exact():
    g = torch.outer(torch.tensor([1.0, 2, 3]), torch.tensor([1.0, 10]))
    row, column = (g**2).mean(1, keepdim=True), (g**2).mean(0, keepdim=True)
    torch.testing.assert_close(row @ column / row.mean(), g**2)


def test_the_docstring_and_the_signature_disagree_on_weight_decay():
    text = torch.optim.Adafactor.__doc__
    assert "weight decay coefficient (default: 1e-2)" in text
    assert "~ sizeof(params) more peak memory" in text
    assert torch.optim.Adafactor([torch.zeros(1)]).defaults["weight_decay"] == 0.0


def test_weight_decay_outlives_the_step():
    weight = nn.Parameter(torch.ones(4))
    optimizer = torch.optim.Adafactor([weight], lr=1.0, weight_decay=0.01)
    weight.grad = torch.ones(4)
    optimizer.step()
    optimizer.state[weight]["step"].fill_(9_999)
    with torch.no_grad():
        weight.fill_(1.0)
    weight.grad = -torch.ones(4)
    optimizer.step()  # decay 0.01 down, step 0.01 up
    torch.testing.assert_close(weight.data, torch.full((4,), 1.0), atol=2e-4, rtol=0)


@pytest.mark.parametrize(
    ("dtype", "eps1", "scale", "size"),
    [
        (torch.float32, None, 1e-6, 1.0),
        (torch.float32, None, 1e-8, 0.08),
        (torch.float32, 1e-15, 1e-8, 1.0),
        (torch.bfloat16, None, 1e-2, 1.0),
        (torch.bfloat16, None, 1e-3, 0.128),
        (torch.bfloat16, 1e-15, 1e-6, 1.0),
    ],
)
def test_where_eps_shrinks_the_step(dtype, eps1, scale, size):
    weight = nn.Parameter(torch.ones(64, 64, dtype=dtype))
    weight.grad = (scale * seeded(64, 64)).to(dtype)
    torch.optim.Adafactor([weight], lr=0.1, eps=(eps1, 1e-3)).step()
    moved = rms(weight.float() - 1).item() / 0.1
    assert moved == pytest.approx(size, rel=0.06)


def test_foreach_mixes_the_dtypes_too():
    sizes = set()
    for bfloat16_first in (False, True):
        one, other = (nn.Parameter(torch.ones(64, 64)) for _ in range(2))
        other = nn.Parameter(other.detach().bfloat16())
        one.grad = 1e-4 * seeded(64, 64)
        other.grad = torch.ones_like(other)
        both = [other, one] if bfloat16_first else [one, other]
        torch.optim.Adafactor(both, lr=0.1, foreach=True).step()
        sizes.add(round(rms(one - 1).item(), 3))
    assert sizes != {0.1}  # in one of the orders, whichever it is
    both = [one, other]
    with torch.no_grad():
        one.fill_(1.0)
    torch.optim.Adafactor(both, lr=0.1, foreach=True, eps=(1e-15, 1e-3)).step()
    assert rms(one - 1).item() == pytest.approx(0.1, rel=1e-3)


def test_float16_underflows_with_the_small_eps():
    weight = nn.Parameter(torch.ones(4, 4, dtype=torch.float16))
    weight.grad = torch.full((4, 4), 1e-4, dtype=torch.float16)
    torch.optim.Adafactor([weight], eps=(1e-15, 1e-3)).step()
    assert weight.isnan().all()


def test_complex_sparse_and_positive_decay_raise():
    weight = nn.Parameter(torch.zeros(2, 2, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    with pytest.raises(RuntimeError, match="complex"):
        torch.optim.Adafactor([weight]).step()
    weight = nn.Parameter(torch.zeros(2, 2))
    weight.grad = torch.ones(2, 2).to_sparse()
    with pytest.raises(RuntimeError, match="sparse"):
        torch.optim.Adafactor([weight]).step()
    with pytest.raises(ValueError, match="beta2_decay should be <= 0"):
        torch.optim.Adafactor([weight], beta2_decay=0.8)


# Memory


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(
    ("name", "buffers"),
    [
        ("SGD", 0), ("SGD, momentum", 1), ("Muon", 1), ("Lion", 1),
        ("RMSprop, Adagrad", 1), ("Adam, AdamW", 2), ("AdamW, amsgrad", 3),
    ],
)  # fmt: skip
def test_state_is_whole_buffers_and_a_counter(name, buffers, dtype):
    extra = state._bytes(name, 32, 32, dtype=dtype) - buffers * dtype.itemsize
    assert extra in (0, 4 / 32**2)


def test_adagrad_and_adam_keep_what_their_rows_say():
    for make, name in (
        (torch.optim.Adagrad, "RMSprop, Adagrad"),
        (torch.optim.Adam, "Adam, AdamW"),
    ):
        weight = nn.Parameter(torch.ones(8, 8))
        weight.grad = torch.ones(8, 8)
        optimizer = make([weight])
        optimizer.step()
        size = sum(v.nbytes for v in optimizer.state[weight].values()) / 64
        assert size == state._bytes(name, 8, 8)


def test_adafactor_of_2000_by_2000():
    assert (2000 + 2000) / 2000**2 == 1e-3
    assert state._bytes("Adafactor", 200, 100) == 4 * 301 / 20_000


def test_totals():
    rows = [row.strip("| ").split(" | ") for row in totals.table().splitlines()[2:]]
    shown = {row[0]: tuple(map(float, row[1:])) for row in rows}
    assert list(shown) == list(state.OPTIMIZERS)
    assert shown["SGD"] == (8.0, 4.0) and shown["Muon"] == (12.0, 6.0)
    assert shown["AdamW, amsgrad"] == (20.0, 10.0)


def test_rates():
    adamw, adafactor = (rates._losses(n).mean(1) for n in ("AdamW", "Adafactor"))
    at = [rates.RATES[int(loss.argmin())] for loss in (adamw, adafactor)]
    assert 0.02 < at[0] < 0.2 and 3 <= round(at[1] / at[0]) <= 32
    assert adamw[5:].min() > 1.7  # from 0.3 on
    assert adafactor[6:].max() < 1.2  # from 1 to 10
    assert adafactor[:2].min() > 2.1  # 1e-3 and 3e-3
    assert math.isclose(10_000**-0.5, 1e-2)  # where the default meets its cap
