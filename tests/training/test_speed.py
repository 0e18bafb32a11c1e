"""Memory counters against known sizes, hooks against plain training, page's claims."""

import time

import pytest
import torch
from torch import nn
from torch.optim.optimizer import _default_to_fused_or_foreach
from torch.utils._foreach_utils import _get_foreach_kernels_supported_devices
from torch.utils.checkpoint import checkpoint

from snippets.training.speed.peak_bytes import peak_bytes
from snippets.training.speed.saved_bytes import saved_bytes
from snippets.training.speed.step_in_backward import step_in_backward
from snippets.training.speed.time_ratio import time_ratio


def network(depth=4, width=16):
    torch.manual_seed(0)
    return nn.Sequential(*(nn.Linear(width, width) for _ in range(depth)))


# Counting bytes


def test_saved_bytes_counts_a_storage_once_and_no_parameter():
    x = torch.randn(8, 16)
    model = network(1)
    twice = lambda: (model(x), model(x))  # noqa: E731
    assert saved_bytes(twice, model) == x.nbytes
    model[0].weight.requires_grad_(True)
    x.requires_grad_()  # now the weight is saved as well
    assert saved_bytes(lambda: model(x), model) == x.nbytes


def test_saved_bytes_is_batch_times_depth_times_width():
    x = torch.randn(32, 16)
    deep = nn.Sequential(*(nn.Sequential(m, nn.Tanh()) for m in network(6)))
    assert saved_bytes(lambda: deep(x), deep) == 32 * 16 * 4 * 7  # input, 6 tanh


def test_saved_bytes_frees_what_it_counted():
    x, model = torch.randn(8, 16, requires_grad=True), network(2)
    saved_bytes(lambda: model(x).sum().backward(), model)
    assert x.grad is not None


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_saved_and_peak_bytes_follow_the_dtype(dtype):
    x = torch.ones(1000, dtype=dtype, requires_grad=True)
    assert saved_bytes(lambda: x.exp(), nn.Identity()) == 1000 * dtype.itemsize
    y = x.detach()
    assert abs(peak_bytes(lambda: (y.exp(), y.exp())) - 2000 * dtype.itemsize) < 100


def test_peak_bytes_is_the_most_at_once():
    x = torch.ones(1000)

    def freed():
        for _ in range(5):
            x.exp()

    assert abs(peak_bytes(freed) - 4000) < 100
    kept = []
    assert abs(peak_bytes(lambda: kept.extend(x.exp() for _ in range(5))) - 2e4) < 100


# The step in backward


@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop"])
def test_step_in_backward_trains_equally(name):
    make = getattr(torch.optim, name)
    plain, hooked = network(), network()
    optimizer = make(plain.parameters(), lr=0.01)
    held = step_in_backward(hooked, lambda p: make(p, lr=0.01))
    assert list(held) == list(hooked.parameters())
    x = torch.randn(8, 16)
    for _ in range(4):
        optimizer.zero_grad()
        plain(x).square().mean().backward()
        optimizer.step()
        hooked(x).square().mean().backward()
    for p, q in zip(plain.parameters(), hooked.parameters(), strict=True):
        assert p.equal(q) and q.grad is None


def test_step_in_backward_holds_one_gradient_at_a_time():
    model, most = network(8, 64), 0

    class Watch(torch.optim.SGD):
        def step(self, closure=None):
            nonlocal most
            alive = [p.grad for p in model.parameters() if p.grad is not None]
            most = max(most, sum(g.nbytes for g in alive))
            super().step()

    step_in_backward(model, lambda p: Watch(p, lr=0.01))
    model(torch.randn(8, 64)).sum().backward()
    assert most == 64 * 64 * 4
    assert most * 8 < sum(p.nbytes for p in model.parameters()) < most * 8.2


def test_step_in_backward_skips_frozen_parameters():
    model = network(2)
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    assert len(step_in_backward(model, lambda p: torch.optim.SGD(p, lr=0.1))) == 2
    model(torch.randn(8, 16)).sum().backward()
    assert model[0].weight.equal(before)
    with pytest.raises(ValueError, match="no parameter that requires a gradient"):
        step_in_backward(model.requires_grad_(False), torch.optim.SGD)


# Timing


def test_time_ratio_is_of_medians_in_turns(monkeypatch):
    now, calls = 0.0, []
    monkeypatch.setattr(time, "perf_counter", lambda: now)

    def takes(name, durations):
        def call():
            nonlocal now
            now += durations[sum(c == name for c in calls)]
            calls.append(name)

        return call

    one = takes("a", [90, 90, 2, 3, 70])
    other = takes("b", [1, 1, 1, 2, 50])
    assert time_ratio(one, other, rounds=3, warmup=2) == 1.5
    assert calls == ["a", "b"] * 5


def test_time_ratio_refuses():
    with pytest.raises(ValueError, match="rounds must be at least 1"):
        time_ratio(int, int, 0)
    with pytest.raises(ValueError, match="warmup 0, got 1 and -1"):
        time_ratio(int, int, 1, -1)


# What the page says


def test_defaults():
    p = nn.Parameter(torch.ones(2))
    for name in ("SGD", "AdamW", "RMSprop"):
        group = getattr(torch.optim, name)([p]).param_groups[0]
        assert group["foreach"] is None and not group.get("fused")
    assert _default_to_fused_or_foreach([p], False, use_fused=False) == (False, False)
    devices = _get_foreach_kernels_supported_devices()
    assert "cuda" in devices and "cpu" not in devices
    fused = [
        name
        for name in dir(torch.optim)
        if isinstance(getattr(torch.optim, name), type)
        and "fused" in getattr(torch.optim, name).__init__.__code__.co_varnames
    ]
    assert fused == ["Adagrad", "Adam", "AdamW", "SGD"]


@pytest.mark.parametrize("a", ["foreach", "fused"])
@pytest.mark.parametrize("b", ["loop", "foreach", "fused"])
def test_a_checkpoint_of_one_implementation_loads_into_another(a, b):
    def make(kind, params):
        flag = {"loop": {"foreach": False}}.get(kind, {kind: True})
        return torch.optim.AdamW(params, **flag)

    p = torch.ones(3)
    p.grad = torch.ones(3)
    first = make(a, [p])
    first.step()
    q = p.clone()
    q.grad = torch.ones(3)
    second = make(b, [q])
    flags = {k: second.param_groups[0][k] for k in ("foreach", "fused")}
    second.load_state_dict(first.state_dict())
    second.param_groups[0].update(flags)
    first.step()
    second.step()
    torch.testing.assert_close(p, q)


def test_checkpointing_repeats_the_statistics_of_batch_norm_and_not_dropout():
    norm, x = nn.BatchNorm1d(3), torch.randn(8, 3, requires_grad=True)
    checkpoint(norm, x, use_reentrant=False).sum().backward()
    assert norm.num_batches_tracked == 2
    drop, x = nn.Dropout(), torch.randn(100, requires_grad=True)
    out = checkpoint(lambda x: drop(x.exp()), x, use_reentrant=False)
    out.sum().backward()
    assert 20 < (out == 0).sum() < 80
    assert (out == 0).equal(x.grad == 0)


def test_fullgraph_refuses_the_step_of_torch():
    p = torch.ones(1)
    p.grad = torch.ones(1)
    sgd = torch.optim.SGD([p], lr=0.1)
    step = torch.compile(sgd.step, backend="eager", fullgraph=True)
    with pytest.raises(torch._dynamo.exc.Unsupported, match="graph_break"):
        step()


def test_fused_takes_a_tensor_rate():
    p = torch.ones(1)
    p.grad = torch.ones(1)
    rate = torch.tensor(0.5)
    torch.optim.AdamW([p], lr=rate, fused=True, weight_decay=0).step()
    assert p.item() == pytest.approx(0.5)
