"""Mixed precision: the step, the rounding, and the claims of the page."""

import math
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.training.precision import (
    autocast_dtypes,
    bytes_per_parameter,
    lost_updates,
    orders,
    rounding,
    scaler_trace,
)
from snippets.training.precision.mixed_precision_step import mixed_precision_step
from snippets.training.precision.stochastic_round import stochastic_round_

HALVES = torch.bfloat16, torch.float16


def problem(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
    x, y = torch.randn(16, 6), torch.randint(3, (16,))
    return model, lambda: 5 * F.cross_entropy(model(x), y)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


# The step


@pytest.mark.parametrize("max_norm", [0.5, math.inf])
@pytest.mark.parametrize("dtype", HALVES)
def test_step_is_the_step_written_out(dtype, max_norm):
    ours, loss_of_ours = problem()
    theirs, loss_of_theirs = problem()
    a = torch.optim.SGD(ours.parameters(), lr=0.1, momentum=0.9)
    b = torch.optim.SGD(theirs.parameters(), lr=0.1, momentum=0.9)
    fp16 = dtype == torch.float16
    scaler = torch.amp.GradScaler("cpu", init_scale=256.0) if fp16 else None
    for _ in range(3):
        loss, norm, skipped = mixed_precision_step(
            loss_of_ours, a, dtype, scaler, max_norm
        )
        b.zero_grad()
        with torch.autocast("cpu", dtype=dtype):
            value = loss_of_theirs()
        (value * (256 if fp16 else 1)).backward()
        for p in theirs.parameters():
            p.grad /= 256 if fp16 else 1
        expected = nn.utils.clip_grad_norm_(theirs.parameters(), max_norm)
        b.step()
        assert not skipped and not loss.requires_grad
        torch.testing.assert_close(loss, value.detach())
        torch.testing.assert_close(norm, expected)
        assert norm > 0.5
        torch.testing.assert_close(weights(ours), weights(theirs))


def test_a_gradient_that_is_not_finite_skips():
    for dtype, scaler in (
        (torch.bfloat16, None),
        (torch.bfloat16, torch.amp.GradScaler("cpu", enabled=False)),
        (torch.float16, torch.amp.GradScaler("cpu")),
    ):
        model, loss = problem()
        optimizer = torch.optim.Adam(model.parameters())
        before = weights(model)
        result = mixed_precision_step(
            lambda loss=loss: loss() * math.inf, optimizer, dtype, scaler, 1.0
        )
        assert result[2] and not result[1].isfinite()
        assert torch.equal(weights(model), before)
        assert not optimizer.state
        if dtype == torch.float16:
            assert scaler.get_scale() == 32768
        assert not mixed_precision_step(loss, optimizer, dtype, scaler)[2]
        assert not torch.equal(weights(model), before)


def test_forward_runs_in_the_dtype_and_backward_outside():
    model, _ = problem()
    seen = []
    model[2].register_full_backward_hook(
        lambda *_: seen.append(torch.is_autocast_enabled("cpu"))
    )

    def loss():
        z = model(torch.ones(2, 6))
        seen.append(z.dtype)
        return z.float().sum()

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    mixed_precision_step(loss, optimizer)
    assert seen == [torch.bfloat16, False]


def test_step_errors():
    model, loss = problem()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for scaler in None, torch.amp.GradScaler("cpu", enabled=False):
        with pytest.raises(ValueError, match="float16 needs a scaler that is enabled"):
            mixed_precision_step(loss, optimizer, torch.float16, scaler)
    model.half()
    with pytest.raises(ValueError, match=r"must be float32 .*, got \{torch.float16\}"):
        mixed_precision_step(loss, optimizer)


# The rounding


@pytest.mark.parametrize("value", [1.001, -1.001, 3e-39, 1e-20, -77.7, 3e38])
def test_rounding_is_unbiased_and_to_a_neighbour(value):
    generator = torch.Generator().manual_seed(0)
    source = torch.full((200_000,), value)
    target = torch.empty(200_000, dtype=torch.bfloat16)
    assert stochastic_round_(target, source, generator) is target
    found = target.unique().double()
    assert len(found) == 2
    exact = source[0].double()
    assert found.min() < exact < found.max()
    gap = found.max() - found.min()
    bits = target.unique().view(torch.int16).int()
    assert (bits[0] - bits[1]).abs() == 1
    assert (target.double().mean() - exact).abs() < 5 * gap / 2 / 200_000**0.5


def test_rounding_of_what_is_not_finite_and_of_views():
    special = torch.tensor([math.inf, -math.inf, math.nan, 0.0, -0.0])
    special = torch.cat(
        [special, torch.tensor([2**31 - 1], dtype=torch.int32).view(torch.float32)]
    )
    target = torch.empty(6, dtype=torch.bfloat16)
    stochastic_round_(target, special)
    torch.testing.assert_close(
        target.float(), special.bfloat16().float(), equal_nan=True
    )
    assert math.copysign(1, target[4].item()) == -1
    source = torch.randn(4, 3)
    out = torch.zeros(3, 4, dtype=torch.bfloat16).T
    stochastic_round_(out, source)
    assert ((out.float() - source).abs() <= source.abs() / 128).all()
    again = [
        stochastic_round_(out.clone(), source, torch.Generator().manual_seed(5))
        for _ in range(2)
    ]
    assert torch.equal(*again)
    weight = nn.Parameter(torch.ones(3, dtype=torch.bfloat16))
    stochastic_round_(weight, torch.full((3,), 2.0))
    assert weight.tolist() == [2, 2, 2]


def test_rounding_errors():
    half, full = torch.ones(2, dtype=torch.bfloat16), torch.ones(2)
    with pytest.raises(ValueError, match="bfloat16 and float32, got torch.float32"):
        stochastic_round_(full, full)
    with pytest.raises(ValueError, match="got torch.bfloat16 and torch.bfloat16"):
        stochastic_round_(half, half)
    with pytest.raises(ValueError, match=r"same shape, got \(2,\) and \(1, 2\)"):
        stochastic_round_(half, full[None])


# What the tables, the figures and the text say


def test_where_an_update_is_lost():
    one = torch.ones(1, dtype=torch.bfloat16)
    for value, kept in ((2**-9, 1.0), (1.01 * 2**-9, 1 - 2**-8)):
        assert (one - torch.tensor([value]).bfloat16()).item() == kept
    assert (one + 2**-8).item() == 1  # up is coarser than down
    assert (one + 1.01 * 2**-8).item() == 1 + 2**-7
    below_two = torch.tensor([1.9921875]).bfloat16()
    assert (below_two - 1.9 * 2**-9).item() == below_two.item()
    assert (below_two - 1.1 * 2**-8).item() != below_two.item()


def test_autocast_table():
    lines = autocast_dtypes.table().splitlines()[2:]
    rows = [[c.strip() for c in line.split("|")[1:4]] for line in lines]
    assert [r[1:] for r in rows] == [
        ["bfloat16", "bfloat16"],
        ["float32", "bfloat16"],
        ["float32", "float32"],
    ]
    assert "`attention`" in rows[0][0]
    for name in ("softmax", "layer_norm", "sum", "gaussian_nll_loss"):
        assert f"`{name}`" in rows[1][0]
    for name in ("cross_entropy", "mse_loss", "binary_cross_entropy"):
        assert f"`{name}`" in rows[2][0]


def test_float16_has_the_same_table(monkeypatch):
    class Autocast(torch.autocast):
        def __init__(self, device, dtype):
            super().__init__(device, dtype=torch.float16)

    expected = autocast_dtypes.table().replace("bfloat16", "float16")
    monkeypatch.setattr(torch, "autocast", Autocast)
    monkeypatch.setattr(torch, "bfloat16", torch.float16)
    assert autocast_dtypes.table().replace("bfloat16", "float16") == expected


def test_the_list_of_cuda():
    header = Path(torch.__file__).parent / "include/ATen/autocast_mode.h"
    text = header.read_text("utf-8")
    start = text.index("#define AT_FORALL_FP32(_)")
    float32 = text[start : text.index("#define AT_FORALL_PROMOTE(_)")]
    for name in ("softmax", "log_softmax", "layer_norm", "exp", "pow", "sum"):
        assert f"_({name})" in float32 or f"_({name}, " in float32
    assert "gaussian_nll" not in text


def test_orders():
    rows = [line.split("|")[1:3] for line in orders.table().splitlines()[2:]]
    found = {a.strip(): b.strip() for a, b in rows}
    right = float(found["scale, backward, unscale_, clip, step, update"])
    assert right < 1.0 and float(found["unscale_ without clip"]) < 1.0
    for name in ("clip before unscale_", "clip, no unscale_"):
        assert float(found[name]) == pytest.approx(math.log(10), abs=0.05)
    assert found["scale, backward, optimizer.step"] == "nan"
    assert found["backward of the unscaled loss"] == "AssertionError"
    assert found["no update"] == "RuntimeError"


def test_trace():
    scales, skips = scaler_trace._trace()
    assert 4 <= len(skips) <= 14
    assert scales[:31:10] == [2.0**16, 2.0**17, 2.0**18, 2.0**19]
    for step in skips[:-1]:
        assert scales[step + 1] == scales[step] / 2


def test_lost_updates():
    share = {
        name: [lost_updates._unmoved(getattr(torch, name), lr) for lr in rates]
        for name, rates in {
            "bfloat16": (1e-6, 1e-5, 1e-4, 2.2e-4),
            "float16": (1e-6, 1e-5, 1e-4),
            "float32": (1e-6, 1e-2),
        }.items()
    }
    assert share["bfloat16"] == pytest.approx([0.99, 0.94, 0.50, 0], abs=0.01)
    assert share["float16"] == pytest.approx([0.94, 0.50, 0], abs=0.01)
    assert share["float32"] == [0, 0]


def test_a_norm_weight_stops_at_a_higher_rate():
    for lr, moved in ((1.9e-3, False), (2.1e-3, True)):
        weight = nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
        weight.grad = torch.ones_like(weight)
        torch.optim.AdamW([weight], lr, weight_decay=0).step()
        assert (weight.tolist() != [1.0] * 4) == moved


def test_roundings(monkeypatch):
    torch.manual_seed(0)
    full = rounding._train("to nearest", torch.float32)
    more = {w: rounding._train(w, torch.bfloat16) - full for w in rounding.WAYS}
    nearest = more["to nearest"].mean(1)
    assert nearest.tolist() == pytest.approx([0.04, 0.10, 0.23, 0.11, 0.03], abs=0.01)
    assert (nearest - 2.36 * more["to nearest"].std(1) / 8**0.5 > 0).all()
    for way in ("stochastic", "Kahan"):
        assert more[way].mean(1).abs().max() < 0.006
    monkeypatch.setattr(rounding, "RATES", (0.0,))
    still = rounding._train("to nearest", torch.float32).mean()
    gained = still - full[2].mean()
    assert 0.6 < nearest[2] / gained < 0.8


def test_kahan_recovers_a_sum_that_stalls():
    update = torch.tensor([1e-3])
    weight, lost = torch.ones(1).bfloat16(), torch.zeros(1).bfloat16()
    plain = weight.clone()
    for _ in range(1000):
        rounding._store("Kahan", weight, update, lost)
        rounding._store("to nearest", plain, update, torch.zeros(1).bfloat16())
    assert plain.item() == 1
    assert weight.item() == pytest.approx(2, abs=0.02)


def test_bytes():
    rows = [x.split("|")[2:5] for x in bytes_per_parameter.table().splitlines()[2:]]
    assert [[c.strip() for c in r] for r in rows] == [
        ["4 + 0", "4 + 8", "16"],
        ["2 + 4", "2 + 8", "16"],
        ["2 + 0", "2 + 8", "12"],
        ["2 + 0", "2 + 4", "8"],
    ]


def test_a_closure_by_position_is_not_seen():
    weight = nn.Parameter(torch.tensor(1.0))
    lbfgs = torch.optim.LBFGS([weight], lr=0.1, max_iter=1)
    scaler, seen = torch.amp.GradScaler("cpu"), []

    def closure():
        lbfgs.zero_grad()
        scaler.scale(weight.square()).backward()
        seen.append(weight.grad.item())
        return weight.square()

    closure()
    scaler.step(lbfgs, closure)
    assert seen == [131072.0, 131072.0]


def test_a_later_unscaled_gradient_is_divided_in_silence():
    weight = nn.Parameter(torch.tensor(0.0))
    sgd = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu")
    scaler.scale(torch.ones(()))
    weight.backward()
    scaler.step(sgd)
    assert weight.item() == -(2.0**-16)


def test_adam_hides_the_clip_before_unscale():
    moved = []
    for first in (True, False):
        weight = nn.Parameter(torch.zeros(3))
        adam = torch.optim.Adam([weight], lr=0.1)
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**14)
        scaler.scale((weight * torch.tensor([3.0, -2.0, 1.0])).sum()).backward()
        if first:
            nn.utils.clip_grad_norm_([weight], 1.0)
        scaler.unscale_(adam)
        scaler.step(adam)
        moved.append(weight.detach())
    torch.testing.assert_close(*moved, rtol=1e-2, atol=0)


def test_growth_keeps_gradients_exact():
    weight = nn.Parameter(torch.tensor(0.1234567))
    for scale in (2.0**10, 2.0**16):
        weight.grad = None
        (weight.sin() * scale).backward()
        assert weight.grad / scale == weight.detach().cos()


def test_the_cache_can_be_switched_off():
    line, x = nn.Linear(4, 1), torch.ones(1, 4)
    for cached in (True, False):
        with torch.autocast("cpu", torch.bfloat16, cache_enabled=cached):
            first = line(x)
            with torch.no_grad():
                line.weight.add_(1)
            assert torch.equal(first, line(x)) == cached


def test_autocast_halves_activations_and_copies_weights():
    model = nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh())
    own = {p.untyped_storage().data_ptr() for p in model.parameters()}
    x = torch.randn(128, 64, dtype=torch.bfloat16)
    sizes = {}
    for enabled in (False, True):
        held = {}

        def pack(tensor, held=held):
            storage = tensor.untyped_storage()
            if storage.data_ptr() not in own:
                held[storage.data_ptr()] = (storage, tuple(tensor.shape), tensor.nbytes)
            return tensor

        with (
            torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t),
            torch.autocast("cpu", torch.bfloat16, enabled=enabled),
        ):
            z = model(x if enabled else x.float())
        assert z.dtype == (torch.bfloat16 if enabled else torch.float32)
        sizes[enabled] = held.values()
    rows = [sum(n for _, s, n in sizes[e] if s[0] == 128) for e in (False, True)]
    assert rows[1] * 2 == rows[0]
    weights = [n for _, s, n in sizes[True] if s == (256, 256)]
    assert weights == [256 * 256 * 2]
    assert not [n for _, s, n in sizes[False] if s == (256, 256)]


def test_old_and_new_flags_of_tf32_do_not_mix():
    matmul = torch.backends.cuda.matmul
    before = matmul.fp32_precision
    try:
        matmul.fp32_precision = "tf32"
        for read in (lambda: matmul.allow_tf32, torch.get_float32_matmul_precision):
            with pytest.raises(RuntimeError, match="mix of the legacy and new APIs"):
                read()
    finally:
        matmul.fp32_precision = before
    assert torch.get_float32_matmul_precision() == "highest"
