"""The schedulers of torch: their closed forms, and every claim of the page."""

import math
import pickle
import warnings
from copy import deepcopy

import pytest
import torch
from torch.optim import SGD, Adam
from torch.optim import lr_scheduler as ls
from torch.optim.swa_utils import SWALR

from snippets.training.schedules import (
    composed,
    cycles,
    decays,
    defaults,
    loud,
    missteps,
    past_the_end,
    resume_orders,
)
from snippets.training.schedules.lr_trace import lr_trace
from tools.pages import ROOT

PAGE = (ROOT / "docs/training/schedules.md").read_text("utf-8")
NAMES = [n for n in ls.__all__ if n != "LRScheduler"] + ["SWALR"]


def optimizer(lr=0.1, groups=1, kind=SGD, **options):
    weights = [torch.nn.Parameter(torch.ones(1)) for _ in range(groups)]
    return kind([{"params": [w]} for w in weights], lr=lr, **options)


def train(optimizer, scheduler, steps):
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def test_every_scheduler_of_torch_has_its_heading_and_row():
    for name in NAMES:
        assert f"### {name} {{ #{name.lower()} }}" in PAGE
        assert f"](#{name.lower()})" in defaults.table()
    assert len(NAMES) == 16


def half_cosine(x):
    return (1 + math.cos(math.pi * x)) / 2


FORMS = {
    "step": (lambda o: ls.StepLR(o, 7, 0.3), lambda k: 0.3 ** (k // 7)),
    "multistep": (
        lambda o: ls.MultiStepLR(o, [4, 9, 9], 0.5),
        lambda k: 0.5 ** ((k >= 4) + 2 * (k >= 9)),
    ),
    "exponential": (lambda o: ls.ExponentialLR(o, 0.9), lambda k: 0.9**k),
    "polynomial": (
        lambda o: ls.PolynomialLR(o, 20, 2.0),
        lambda k: (1 - min(k, 20) / 20) ** 2,
    ),
    "constant": (lambda o: ls.ConstantLR(o, 0.25, 6), lambda k: 1 if k >= 6 else 0.25),
    "linear": (
        lambda o: ls.LinearLR(o, 0.2, 0.7, 10),
        lambda k: 0.2 + 0.5 * min(k, 10) / 10,
    ),
    "lambda": (lambda o: ls.LambdaLR(o, lambda k: 1 / (k + 1)), lambda k: 1 / (k + 1)),
    "multiplicative": (
        lambda o: ls.MultiplicativeLR(o, lambda k: k / (k + 1)),
        lambda k: 1 / (k + 1),
    ),
    "cosine": (
        lambda o: ls.CosineAnnealingLR(o, 12, 0.01),
        lambda k: 0.1 + 0.9 * half_cosine(k / 12),
    ),
    "restarts": (
        lambda o: ls.CosineAnnealingWarmRestarts(o, 4, 2),
        lambda k: half_cosine(
            k / 4 if k < 4 else (k - 4) / 8 if k < 12 else (k - 12) / 16
        ),
    ),
    "cyclic": (
        lambda o: ls.CyclicLR(o, 0.02, 0.1, 5),
        lambda k: 0.2 + 0.8 * (1 - abs(k % 10 - 5) / 5),
    ),
    "one cycle": (
        lambda o: ls.OneCycleLR(o, 0.1, total_steps=30),
        lambda k: (
            1 - 0.96 * half_cosine(k / 8) if k <= 8
            else 4e-6 + (1 - 4e-6) * half_cosine((k - 8) / 21)
        ),
    ),
    "swa": (lambda o: SWALR(o, 0.05), lambda k: 0.5 + 0.5 * half_cosine(min(k, 10) / 10)),
    "chained": (
        lambda o: ls.ChainedScheduler(
            [ls.ConstantLR(o, 0.5, 3), ls.ExponentialLR(o, 0.9)]
        ),
        lambda k: (0.5 if k < 3 else 1) * 0.9**k,
    ),
    "sequential": (
        lambda o: ls.SequentialLR(
            o, [ls.LinearLR(o, 0.1, total_iters=3), ls.CosineAnnealingLR(o, 27)], [3]
        ),
        lambda k: 0.1 + 0.3 * k if k < 3 else half_cosine((k - 3) / 27),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_closed_forms(name):
    build, form = FORMS[name]
    rates = lr_trace(build, 27, lr=0.1)
    assert rates == pytest.approx([0.1 * form(k) for k in range(27)], abs=1e-9)


def test_trace_refuses_and_uses_gradients():
    with pytest.raises(ValueError, match="steps must be positive, got 0"):
        lr_trace(lambda o: ls.StepLR(o, 3), 0)
    other = optimizer()
    with pytest.raises(ValueError, match="build must use the optimizer"):
        lr_trace(lambda o: ls.StepLR(other, 3), 4)
    seen = []

    def build(o):
        def hook(o, *_):
            seen.append(o.param_groups[0]["params"][0].grad.clone())

        o.register_step_pre_hook(hook)
        return ls.StepLR(o, 3)

    lr_trace(build, 3)
    assert len(seen) == 3 and all(grad.abs().sum() > 0 for grad in seen)


def test_metrics_are_handed_over_one_a_step():
    rates = lr_trace(
        lambda o: ls.ReduceLROnPlateau(o, patience=0), 5, metrics=[3, 2, 2, 1, 1]
    )
    assert rates == pytest.approx([0.1, 0.1, 0.1, 0.01, 0.01])


def test_page_figures_show_all_sixteen():
    shown = " ".join([*decays.SHOWN, *cycles.SHOWN]).replace("\n", "")
    for name in NAMES:
        assert name in shown or name in ("SequentialLR", "ChainedScheduler")


# The end


def test_past_the_end():
    verdicts = {
        name.split("(")[0]: past_the_end._verdict(past_the_end._run(build))
        for name, build in past_the_end.RUN.items()
    }
    assert verdicts == {
        "StepLR": "falls on",
        "MultiStepLR": "stays",
        "ExponentialLR": "falls on",
        "ConstantLR": "stays",
        "LinearLR": "stays",
        "PolynomialLR": "stays",
        "CosineAnnealingLR": "**rises**",
        "CosineAnnealingWarmRestarts": "**starts again**",
        "CyclicLR": "**rises**",
        "OneCycleLR": "**raises**",
        "SWALR": "stays",
    }


def test_step_per_batch_and_the_lengths_of_cosine():
    assert lr_trace(lambda o: ls.StepLR(o, 30), 100)[-1] == pytest.approx(1e-4)
    for factor, end in ((1, 0), (2, 0.05), (0.5, 0.1)):
        rates = lr_trace(lambda o, f=factor: ls.CosineAnnealingLR(o, int(100 * f)), 101)
        assert rates[-1] == pytest.approx(end, abs=1e-9)


def test_one_cycle_past_its_end_is_negative_only_when_linear():
    for strategy, sign in (("linear", -1), ("cos", 1)):
        o = optimizer()
        s = ls.OneCycleLR(o, 0.1, total_steps=10, anneal_strategy=strategy)
        assert min(train(o, s, 10)) > 0
        assert sign * o.param_groups[0]["lr"] > 1e-3
        weight = o.param_groups[0]["params"][0]
        weight.grad, before = torch.ones(1), weight.item()
        o.param_groups[0]["momentum"] = 0
        o.step()
        assert sign * (before - weight.item()) > 0  # minus: uphill
        with pytest.raises(ValueError, match="Tried to step 11 times"):
            s.step()


# Composition


def test_four_traces_of_one_intention():
    right, long = composed._sequence(45), composed._sequence(60)
    both, used = composed._both_stepped(), composed._one_optimizer_for_all()
    assert max(right) == pytest.approx(0.1) and right[-1] < 2e-4
    assert max(long) == pytest.approx(0.1) and 0.015 < long[-1] < 0.03
    assert max(both) == pytest.approx(0.085, abs=1e-3) and both[-1] < 2e-4
    assert max(used[:15]) < 0.0025 and used[15] == pytest.approx(0.1)


def test_the_docstring_of_chained_scheduler_is_ten_times_too_high():
    text = ls.ChainedScheduler.__doc__
    assert "uses lr = 0.05" in text or "lr = 0.05 for all groups" in text
    assert "lr = 0.05      if epoch == 0" in text
    assert "lr = 0.06078   if epoch == 20" in text


def test_initial_lr_is_kept_and_can_be_popped():
    o = optimizer()
    ls.StepLR(o, 3)
    o.param_groups[0]["lr"] = 0.7
    assert ls.StepLR(o, 3).base_lrs == [0.1]
    o.param_groups[0].pop("initial_lr")
    assert ls.StepLR(o, 3).base_lrs == [0.7]


def test_nested_composition_runs_a_step_ahead():
    def inner(o):
        parts = [ls.ConstantLR(o, 0.5, 9), ls.ConstantLR(o, 0.2, 9)]
        return ls.SequentialLR(o, parts, [2])

    def chain(o):
        return ls.ChainedScheduler([ls.ConstantLR(o, 0.5, 3), ls.ExponentialLR(o, 0.9)])

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nested = [
            lr_trace(lambda o, b=build: ls.SequentialLR(o, [b(o)], []), 5)
            for build in (inner, chain)
        ]
    assert nested[0] == pytest.approx([0.05, 0.02, 0.02, 0.02, 0.02])
    assert lr_trace(inner, 5)[:3] == pytest.approx([0.05, 0.05, 0.02])
    assert nested[1][0] == pytest.approx(0.9 * lr_trace(chain, 1)[0])


# Resume


ALL = {name: build for name, (build, _) in FORMS.items()} | resume_orders.SHOWN


@pytest.mark.parametrize("name", ALL)
def test_build_then_load_both_continues(name):
    o = optimizer(momentum=0.9)
    s = ALL[name](o)
    train(o, s, 5)
    saved = deepcopy((o.state_dict(), s.state_dict()))
    never_stopped = train(o, s, 5)
    o = optimizer(momentum=0.9)
    s = ALL[name](o)
    o.load_state_dict(saved[0])
    s.load_state_dict(saved[1])
    assert train(o, s, 5) == pytest.approx(never_stopped)


def test_wrong_orders():
    linear, sequence = (
        resume_orders._rates(resume_orders.SHOWN[n])
        for n in ("LinearLR", "SequentialLR")
    )
    for found, ratio in ((linear, 2.9), (sequence, 7.5)):
        wrong = zip(found["right"], found["built last"], strict=True)
        assert all(a > ratio * b for a, b in wrong)  # to the end
    assert max(sequence["not loaded"]) == pytest.approx(0.568, abs=1e-3)


def test_cyclic_eats_the_state_that_it_loads():
    state = ls.CyclicLR(optimizer(momentum=0.9), 0.01, 0.1).state_dict()
    other = ls.CyclicLR(optimizer(momentum=0.9), 0.01, 0.1)
    other.load_state_dict(state)
    with pytest.raises(KeyError, match="_scale_fn_custom"):
        other.load_state_dict(state)


def test_a_lambda_is_not_pickled_nor_saved():
    s = ls.LambdaLR(optimizer(), lambda k: 1.0)
    with pytest.raises((AttributeError, pickle.PicklingError), match="pickle"):
        pickle.dumps(s)
    assert s.state_dict()["lr_lambdas"] == [None]
    assert "optimizer" in s.__dict__


# Silent ones


def test_who_overwrites_a_rate_set_by_hand():
    keeps, writes = PAGE.split("Schedulers that multiply continue")[1].split(
        "The others overwrite"
    )
    special = {"ReduceLROnPlateau": lambda o: ls.ReduceLROnPlateau(o)}
    builds = {
        build(optimizer(momentum=0.9)).__class__.__name__: build
        for build in (b for b, _ in FORMS.values())
    } | special
    for name, build in builds.items():
        if name in ("SWALR", "ChainedScheduler", "SequentialLR"):
            continue
        found = []
        for lr in (0.05, 0.025):
            o = optimizer(momentum=0.9)
            s = build(o)
            o.step()
            o.param_groups[0]["lr"] = lr
            s.step(1.0) if name in special else s.step()
            found.append(o.param_groups[0]["lr"])
        multiplied = found[0] > found[1]
        place = keeps if multiplied else writes.split("\n\n")[0]
        assert f"`{name}`" in place, name


def test_momentum_is_turned_on():
    for kind, key, options in ((SGD, "momentum", {}), (Adam, "betas", {})):
        for build in (
            lambda o: ls.OneCycleLR(o, 0.1, total_steps=10),
            lambda o: ls.CyclicLR(o, 0.01, 0.1),
        ):
            o = optimizer(kind=kind, **options)
            scheduler = build(o)
            after = o.param_groups[0][key]
            high = after[0] if key == "betas" else after
            assert high >= 0.9 and (high == 0.95) == ("OneCycle" in str(scheduler))
    o = optimizer()
    ls.OneCycleLR(o, 0.1, total_steps=10, cycle_momentum=False)
    assert o.param_groups[0]["momentum"] == 0


@pytest.mark.parametrize("groups", [1, 3])
def test_plateau_at_call_twelve_and_per_group_floor(groups):
    o = optimizer(groups=groups)
    s = ls.ReduceLROnPlateau(o, min_lr=[0.09, 0.05, 0.0][:groups])
    for call in range(1, 13):
        o.step()
        s.step(1.0)
        assert (o.param_groups[0]["lr"] < 0.1) == (call == 12)
    rates = [group["lr"] for group in o.param_groups]
    assert rates == pytest.approx([0.09, 0.05, 0.01][:groups])


@pytest.mark.parametrize("mode", ["min", "max"])
def test_a_negative_metric_never_plateaus(mode):
    for threshold_mode, metric, falls in (
        ("rel", -1.0, False),
        ("abs", -1.0, True),
        ("rel", 1.0, True),
    ):
        o = optimizer()
        s = ls.ReduceLROnPlateau(o, mode=mode, threshold_mode=threshold_mode)
        for _ in range(40):
            o.step()
            s.step(metric)
        assert (o.param_groups[0]["lr"] < 0.1) == falls


def test_plateau_per_batch_answers_noise():
    noise = torch.randn(300, generator=torch.Generator().manual_seed(0))
    metrics = (2 - torch.arange(300) / 300 + 0.3 * noise).tolist()  # it does improve
    rates = lr_trace(ls.ReduceLROnPlateau, 300, metrics=metrics)
    assert rates[-1] < 1e-6


def test_scaler_skips_and_the_scheduler_goes_on():
    w = torch.nn.Parameter(torch.ones(1))
    o = SGD([w], lr=0.1)
    s = ls.ExponentialLR(o, 0.5)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**127)
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step"):
        for _ in range(7):
            o.zero_grad()
            scaler.scale((8 * w).square().sum()).backward()
            scaler.step(o)
            scaler.update()
            s.step()
    assert w.item() == 1 and s.get_last_lr() == [0.1 / 2**7]


# What it costs


@pytest.fixture(scope="module")
def costs():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error, last = missteps._train()
    ratio = (error / error[missteps.RIGHT]).log().mean(1).exp()
    return ratio.tolist(), last


def test_costs(costs):
    ratio, last = costs
    m = missteps
    assert ratio[m.FIRST] < 1.05
    assert ratio[m.PER_BATCH] == max(ratio) > 4
    assert ratio[m.SHORT] > 1.9 and ratio[m.UNITS] > 1.4
    assert ratio[m.SHORT] > 0.9 * ratio[m.NONE] > 1.5
    assert all(ratio[i] > ratio[m.FIRST] for i in range(2, 9))
    assert 1.1 < ratio[m.LONG] < 1.8 and 1.05 < ratio[m.FORGOT] < 1.7
    expected = [0, 0, 0.03, 0.015, 0.03, 0.0075, 0.0003, 0, 0.03]
    assert last == pytest.approx(expected, abs=1e-3)


def test_the_table_of_messages_is_complete_and_fails_when_torch_changes(monkeypatch):
    text = loud.table()
    assert len(text.splitlines()) == 2 + len(loud.CASES) == 23
    for part in ("'metrics'", "'verbose'", "is not an Optimizer", "T_0", "initial_lr"):
        assert part in text
    monkeypatch.setattr(loud, "CASES", [("nothing", "nothing", lambda: None)])
    with pytest.raises(RuntimeError, match="nothing was raised"):
        loud.table()
