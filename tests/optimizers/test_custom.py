"""Writing an optimizer: equal to torch, and check_optimizer sees what it should."""

import copy
import io

import pytest
import torch
from torch import nn

from snippets.optimizers.custom import broken_state, broken_steps, operation_order
from snippets.optimizers.custom.broken_steps import _Sound
from snippets.optimizers.custom.check_optimizer import check_optimizer
from snippets.optimizers.custom.custom_adamw import CustomAdamW
from snippets.optimizers.custom.custom_adamw_foreach import CustomAdamWForeach

CUSTOM = [CustomAdamW, CustomAdamWForeach]
both = pytest.mark.parametrize("make", CUSTOM)


def twins(*shapes, dtype=torch.float32, seed=0):
    generator = torch.Generator().manual_seed(seed)
    first = [torch.randn(s, generator=generator, dtype=dtype) for s in shapes]
    return first, [p.clone() for p in first]


def feed(pairs, steps, seed=1, missing=()):
    """The same gradients of very different sizes, step after step, to all pairs."""
    generator = torch.Generator().manual_seed(seed)
    for t in range(steps):
        for i, ps in enumerate(zip(*(params for params, _ in pairs), strict=True)):
            scale = 10 ** torch.randn((), generator=generator)
            g = scale * torch.randn(ps[0].shape, generator=generator)
            for p in ps:
                p.grad = None if (t, i) in missing else g.to(p.dtype)
        for _, optimizer in pairs:
            optimizer.step()


def same(first, second):
    assert all(map(torch.equal, first, second))


# The two AdamWs


@both
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"weight_decay": 0.0},
        {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3},
        {"maximize": True},
        {"lr": 0.0},
    ],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_every_bit_is_torchs(make, options, dtype):
    ours, theirs = twins((7, 5), (33,), (), dtype=dtype)
    # In half precision torch's two forms differ from each other.
    foreach = make is CustomAdamWForeach and dtype == torch.bfloat16
    torchs = torch.optim.AdamW(theirs, foreach=foreach, **options)
    feed(
        [(ours, make(ours, **options)), (theirs, torchs)], 60, missing={(3, 0), (9, 1)}
    )
    same(ours, theirs)


@both
def test_groups_have_their_own_options(make):
    ours, theirs = twins((4, 3), (5,), (2,))

    def groups(params):
        a, b, c = params
        return [
            {"params": [a], "lr": 0.1, "betas": (0.5, 0.9)},
            {"params": [b], "weight_decay": 0.0, "eps": 1e-3},
            {"params": [c], "maximize": True},
        ]

    optimizers = make(groups(ours)), torch.optim.AdamW(groups(theirs), foreach=False)
    schedules = [torch.optim.lr_scheduler.ExponentialLR(o, 0.9) for o in optimizers]
    for epoch in range(3):
        feed(list(zip((ours, theirs), optimizers, strict=True)), 5, seed=epoch)
        for schedule in schedules:
            schedule.step()
    same(ours, theirs)


@both
def test_named_parameters_and_a_later_group(make):
    net = nn.Linear(2, 2)
    optimizer = make(net.named_parameters())
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    with pytest.raises(ValueError, match="eps must be at least 0, got -1"):
        optimizer.add_param_group({"params": [("w", torch.ones(1))], "eps": -1})
    assert len(optimizer.param_groups) == 1


@both
@pytest.mark.parametrize("to_torch", [True, False])
def test_checkpoints_go_both_ways(make, to_torch):
    old, new = twins((4, 3), (5,))

    def torchs(params):
        return torch.optim.AdamW(params, foreach=False)

    makers = (make, torchs) if to_torch else (torchs, make)
    saved = makers[0](old)
    feed([(old, saved)], 4)
    torch.save(saved.state_dict(), file := io.BytesIO())
    file.seek(0)
    loaded = makers[1](new)
    loaded.load_state_dict(torch.load(file, weights_only=True))
    for p, q in zip(old, new, strict=True):
        q.copy_(p)
    feed([(old, saved), (new, loaded)], 4)
    same(old, new)


@both
def test_closure(make):
    p = torch.ones(3, requires_grad=True)
    optimizer = make([p], lr=0.1)

    def closure():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = p.square().sum()
        loss.backward()
        return loss

    losses = [optimizer.step(closure).item() for _ in range(5)]
    assert losses == sorted(losses, reverse=True) and losses[0] == 3
    assert optimizer.step() is None


@both
@pytest.mark.parametrize(
    "options, message",
    [
        ({"lr": -1.0}, "lr must be at least 0, got -1.0"),
        ({"lr": torch.nan}, "lr must be at least 0, got nan"),
        ({"eps": -1.0}, "eps must be at least 0"),
        ({"weight_decay": -0.1}, "weight_decay must be at least 0"),
        ({"betas": (0.9, 1.0)}, r"betas must be in \[0, 1\), got \(0.9, 1.0\)"),
        ({"betas": (-0.1, 0.9)}, r"betas must be in"),
    ],
)
def test_refuses_in_constructor_and_group(make, options, message):
    with pytest.raises(ValueError, match=message):
        make([torch.ones(1)], **options)
    with pytest.raises(ValueError, match=message):
        make([{"params": [torch.ones(1)], **options}])


@both
def test_refuses_sparse_gradients_and_changes_nothing(make):
    p = torch.ones(3, 2)
    p.grad = torch.ones(3, 2).to_sparse(1)
    with pytest.raises(RuntimeError, match="wants dense gradients, got sparse"):
        make([p]).step()
    assert p.eq(1).all()


@both
def test_a_step_with_no_gradients_at_all(make):
    optimizer = make([torch.ones(2)])
    optimizer.step()
    assert not optimizer.state


# Claims of the page


def test_the_textbook_order_takes_a_sparse_gradient_and_moves_every_row():
    p = torch.ones(3, 2)
    optimizer = operation_order._Textbook([p], weight_decay=0.0)
    with torch.sparse.check_sparse_tensor_invariants():
        for rows in (torch.ones(3, 2), torch.eye(3, 2)):
            before = p.clone()
            p.grad = rows.to_sparse(1)
            zeros = {"m": torch.zeros(3, 2), "v": torch.zeros(3, 2)}
            optimizer.state[p].update(zeros | optimizer.state[p])
            optimizer.step()
    assert (p != before).all()


def test_only_torchs_order_gives_torchs_bits():
    drift = operation_order._paths()
    for name in ("foreach", "CustomAdamW", "CustomAdamWForeach"):
        assert not drift[name].any()
    assert 3e-8 < drift["textbook order"][0] < 1e-6
    assert 5e-6 < drift["textbook order"][-1] < 1e-4
    assert 0 < drift["fused"].max() < 2e-6
    torch.testing.assert_close(
        drift["textbook order"][20:], drift["torch in float64"][20:], rtol=0.3, atol=0
    )


def test_the_textbook_order_is_the_more_accurate_one():
    errors = {}
    exact, _ = twins((300,), dtype=torch.float64)
    exact = [exact[0].float().double()]
    runs = {"torch": torch.optim.AdamW, "textbook": operation_order._Textbook}
    params = {name: [exact[0].float()] for name in runs}
    pairs = [(exact, torch.optim.AdamW(exact))]
    pairs += [(params[name], make(params[name])) for name, make in runs.items()]
    generator = torch.Generator().manual_seed(0)
    for _ in range(150):
        g = torch.randn(300, generator=generator)
        for (p,), optimizer in pairs:
            p.grad = g.to(p.dtype)
            optimizer.step()
    for name in runs:
        errors[name] = (params[name][0] - exact[0]).abs().median().item()
    assert errors["textbook"] < errors["torch"] / 3


def test_torchs_own_foreach_differs_from_its_loop_in_half_precision():
    first, second = twins((50,), dtype=torch.bfloat16)
    options = {"lr": 0.03, "betas": (0.8, 0.95), "eps": 1e-4, "weight_decay": 0.3}
    loop = torch.optim.AdamW(first, foreach=False, **options)
    feed(
        [(first, loop), (second, torch.optim.AdamW(second, foreach=True, **options))],
        60,
    )
    assert not first[0].equal(second[0])


def test_state_dict_and_load_state_dict_share_tensors():
    p, q = torch.ones(2), torch.ones(2)
    first, second = CustomAdamW([p]), CustomAdamW([q])
    p.grad = torch.ones(2)
    first.step()
    second.load_state_dict(first.state_dict())
    assert first.state[p]["exp_avg"] is second.state[q]["exp_avg"]
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    assert first.state[p]["exp_avg"] is not second.state[q]["exp_avg"]


def test_what_loading_does_to_each_kind_of_state():
    p = torch.ones(2, dtype=torch.bfloat16)
    old, new = _Sound([p]), _Sound([p])
    old.state[p].update(
        step=torch.tensor(257.0),
        wide=torch.tensor([1.001]),
        count=torch.tensor(257),
        number=257.5,
        nothing=None,
        text="fast",
    )
    old.kept = 1
    new.load_state_dict(old.state_dict())
    loaded = new.state[p]
    assert loaded["step"].dtype == torch.float32 and loaded["step"] == 257
    assert loaded["wide"].dtype == torch.bfloat16 and loaded["wide"] == 1
    assert loaded["count"].dtype == torch.bfloat16 and loaded["count"] == 256
    assert loaded["number"] == 257.5 and loaded["nothing"] is None
    assert loaded["text"] != "fast"
    assert not hasattr(new, "kept")


def test_a_stuck_counter_halves_adams_steps():
    at_256 = (1 - 0.999**256) ** 0.5
    assert at_256 == pytest.approx(0.475, abs=1e-3)


def test_float32_forgets_a_decay_below_3e_8():
    assert torch.tensor(1.0).mul_(1 - 2.9e-8) == 1
    assert torch.tensor(1.0).mul_(1 - 3.1e-8) < 1


def test_hooks_run_once_until_the_parent_has_lived():
    class Parent(_Sound):
        def step(self, closure=None):
            pass

    class Child(Parent):
        def step(self, closure=None):
            return super().step(closure)

    def count():
        calls = []
        optimizer = Child([torch.ones(1)])
        optimizer.register_step_pre_hook(lambda *_: calls.append(1))
        optimizer.step()
        return len(calls)

    assert count() == 1
    Parent([torch.ones(1)])
    assert count() == 2


def test_resumed_nadam_and_asgd_move_as_before():
    for name in ("NAdam", "ASGD"):
        make = getattr(torch.optim, name)
        old, new = twins((1000,), dtype=torch.bfloat16)
        first, second = make(old), make(new)
        feed([(old, first)], 30)
        new[0].copy_(old[0])
        second.load_state_dict(copy.deepcopy(first.state_dict()))
        feed([(old, first), (new, second)], 10)
        same(old, new)


# check_optimizer, in both directions


@pytest.mark.parametrize(
    "name",
    [
        *("SGD", "Adam", "AdamW", "RAdam", "Adamax", "RMSprop", "Adagrad"),
        *("Adadelta", "Adafactor", "Muon"),
    ],
)
def test_quiet_on_torch(name):
    assert check_optimizer(getattr(torch.optim, name)) == []


@both
def test_quiet_on_ours(make):
    assert check_optimizer(make) == []


def test_quiet_on_options():
    assert check_optimizer(lambda p, lr=0.1: torch.optim.SGD(p, lr, 0.9, 0.9)) == []


@pytest.mark.parametrize(
    "name, faults",
    {
        "ASGD": ["lr of a schedule: still", "checkpoint in bfloat16: eta becomes"],
        "NAdam": ["checkpoint in bfloat16: mu_product becomes torch.bfloat16"],
        "Rprop": ["lr of a group: still moves", "lr of a schedule: still moves"],
        "LBFGS": ["step: TypeError: LBFGS.step() missing 1 required"],
        "SparseAdam": ["step: RuntimeError: SparseAdam does not support dense"],
    }.items(),
)
def test_says_what_differs_in_the_other_five(name, faults):
    found = check_optimizer(getattr(torch.optim, name))
    assert len(found) == len(faults)
    assert all(map(str.startswith, found, faults)), found


def test_quiet_on_the_sound_skeleton():
    assert check_optimizer(_Sound) == []


EXPECTED = {
    "no `@torch.no_grad()`": ["step: RuntimeError: a leaf Variable"],
    "`p = p - lr * p.grad`": ["step: does not move the parameter"],
    "`p.data = p.data - …`": ["step: moves the parameter to other memory"],
    "`p.data.add_`, graph on": ["step: state keeps a graph"],
    "decay added to `p.grad`": ["step: changes .grad"],
    "`None` is not skipped": ["gradient None: moves the parameter"],
    "`def step(self)`": ["closure: TypeError: _NoClosure.step() takes 1"],
    "closure under `no_grad`": ["closure: RuntimeError: element 0 of tensors"],
    "no `return loss`": ["closure: its loss is not returned"],
    '`self.defaults["lr"]`': ["lr of a group: still", "lr of a schedule: still"],
    "counter in `self.t`": ["checkpoint in float32: tr", "checkpoint in bfloat16: tr"],
    '`state["t"]`, a tensor': ["checkpoint in bfloat16: t becomes torch.bfloat16"],
    "float32 moments": ["checkpoint in bfloat16: m becomes torch.bfloat16"],
    "`lr` not checked": ["lr=-1: is accepted"],
    "`maximize` ignored": ["maximize: is not the step of -gradient"],
}
SKELETONS = broken_steps.SKELETONS | broken_state.SKELETONS


@pytest.mark.parametrize("name", SKELETONS)
def test_fires_on_each_skeleton_and_on_nothing_else(name):
    found = check_optimizer(SKELETONS[name])
    if name == "`self.state[i]`":
        assert "checkpoint in float32: training goes on differently" in found
        return
    assert len(found) == len(EXPECTED[name])
    assert all(map(str.startswith, found, EXPECTED[name])), found


def test_fires_uphill_and_on_nan():
    class Uphill(_Sound):
        def update(self, p, group):
            p.add_(p.grad, alpha=group["lr"])

    class Nan(_Sound):
        def update(self, p, group):
            p.mul_(torch.nan)

    assert check_optimizer(Uphill) == ["step: goes uphill"]
    assert check_optimizer(Nan) == ["step: goes uphill"]


def test_fires_on_a_file_that_weights_only_refuses():
    class Odd(_Sound):
        def update(self, p, group):
            self.state[p]["seen"] = object
            super().update(p, group)

    found = check_optimizer(Odd)
    assert any(f.startswith("checkpoint in float32: ") for f in found), found


def test_the_tables_show_every_skeleton():
    for module in (broken_steps, broken_state):
        rows = module.table().splitlines()[2:]
        assert len(rows) == len(module.SKELETONS)
        assert all(row.count("|") == 3 and row.split("|")[2].strip() for row in rows)
