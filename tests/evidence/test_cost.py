"""What the page on the cost of a step says beyond the findings of its experiments."""

import sys

import pytest
import torch

from snippets.evidence.cost import half_state, implementations
from tests.evidence.stored import stored
from tools import evidence

both = pytest.mark.parametrize("run", range(evidence.RUNS))


@both
def test_ratios_are_those_of_the_page(run):
    foreach, fused = torch.stack(
        [s.mean(1) for s in stored(implementations)[run].values()], 1
    )
    assert 0.15 < fused.min() < fused.max() < 0.45
    at = dict(zip(implementations.SHAPES, foreach.tolist(), strict=True))
    for many in ("100 of 100", "1000 of 100"):
        assert 0.6 < at[many] < 0.8
    for other in at.keys() - {"100 of 100", "1000 of 100"}:
        assert 0.7 < at[other] < 1.3


def test_the_three_forms_are_what_their_names_say(monkeypatch):
    called = []
    module = sys.modules[torch.optim.Adam.__module__]
    kinds = ["single_tensor", "multi_tensor", "fused"]
    for kind in kinds:
        inner = f"_{kind}_adam"
        assert hasattr(module, inner)
        monkeypatch.setattr(module, inner, lambda *_, k=kind, **__: called.append(k))
    for form in implementations.FORMS.values():
        implementations._optimizer(3, 10, 0, form).step()
    assert called == kinds


def test_the_ratio_of_a_round_is_that_of_its_own_times(monkeypatch):
    cost = {"loop": 4.0, "foreach": 6.0, "fused": 1.0}
    order = []

    def seconds(optimizer, steps):
        group = optimizer.param_groups[0]
        form = "fused" if group["fused"] else "foreach" if group["foreach"] else "loop"
        order.append(form)
        # A machine that is slower in each round than in the one before.
        return cost[form] * (1 + (len(order) - 1) // 3)

    monkeypatch.setattr(implementations, "_time", seconds)
    monkeypatch.setattr(implementations, "SHAPES", {"2 of 3": (2, 3, 1)})
    (ratios,) = implementations.experiment(0).values()
    assert ratios.shape == (2, implementations.ROUNDS)
    assert (ratios[0] == 1.5).all()
    assert (ratios[1] == 0.25).all()
    assert len({tuple(order[i : i + 3]) for i in range(0, len(order), 3)}) == 3


def test_time_is_that_of_the_process():
    class Sleeper:
        def step(self):
            __import__("time").sleep(0.02)

    assert implementations._time(Sleeper(), 2) < 0.02


@both
def test_the_state_is_harmless_and_the_weights_are_not(run):
    scores = stored(half_state)[run]
    plain, state, all_ = (scores[f"{f} test"].mean(2) for f in half_state.FORMS)
    at = {rate: i for i, rate in enumerate(half_state.RATES)}
    up_to = at[0.03] + 1
    assert (state - plain)[:, :up_to].abs().max() < 0.01
    assert 0.25 < (all_ - plain)[1, at[0.003]] < 0.32
    assert 0.05 < (all_ - plain)[1, at[0.01]] < 0.12
    assert 0.01 < (all_ - plain)[1, at[0.03]] < 0.02
    second = scores["second moment"].mean(2)
    assert (second[0] - 1).abs().max() < 0.04
    assert (second[1].diff() > 0).all()
    # Where gradients are zero for the whole run, float32 decays and bfloat16 stays.
    left = 0.999**half_state.STEPS
    assert abs(second[1, at[0.3]] - 1 / left) < 0.02


def test_storing_is_what_fused_adam_does_with_bfloat16_tensors():
    draw = torch.Generator().manual_seed(0)
    first = torch.randn(50, generator=draw).bfloat16()
    theirs = torch.nn.Parameter(first.clone())
    ours = torch.nn.Parameter(first.float())
    options = {"lr": 1e-2, "fused": True}
    reference = torch.optim.Adam([theirs], **options)
    group = {"params": [ours], "form": "state and weights"}
    optimizer = torch.optim.Adam([group], **options)
    half_state._store(optimizer)
    for _ in range(50):
        theirs.grad = torch.randn(50, generator=draw).bfloat16()
        ours.grad = theirs.grad.float()
        reference.step()
        optimizer.step()
        half_state._store(optimizer)
    assert (theirs.float() - ours).abs().max() < 1e-2
    assert (theirs.float() == ours).float().mean() > 0.9
    assert ours.equal(ours.bfloat16().float())


def test_the_smallest_rate_is_two_percent_of_a_weight():
    torch.manual_seed(0)
    weights = torch.cat(
        [p.flatten() for p in half_state.mlp([16, 16, 10]).parameters()]
    )
    assert 0.015 < half_state.RATES[0] / weights.abs().median() < 0.03


def test_each_form_rounds_what_its_name_says():
    torch.manual_seed(0)
    state = {"exp_avg", "exp_avg_sq"}
    forms = [set(), state, state | {"weight"}]
    assert list(half_state.FORMS) == ["float32", "state", "state and weights"]
    for form, names in zip(half_state.FORMS, forms, strict=True):
        weight = torch.nn.Parameter(torch.rand(100))
        group = {"params": [weight], "form": form}
        optimizer = torch.optim.Adam([group], fused=True)
        weight.grad = torch.rand(100)
        optimizer.step()
        half_state._store(optimizer)
        kept = {"weight": weight, **optimizer.state[weight]}
        for name in ("weight", "exp_avg", "exp_avg_sq"):
            rounded = kept[name].equal(kept[name].bfloat16().float())
            assert rounded == (name in names)


def test_a_second_moment_in_bfloat16_does_not_fall_at_0999():
    for beta2, falls in ((0.95, True), (0.999, False)):
        v = torch.rand(1000).bfloat16()
        after = (beta2 * v.float()).bfloat16()
        assert (after < v).all() == falls
        assert after.equal(v) != falls
