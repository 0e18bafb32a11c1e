"""A resumed run is the run that never stopped, and what the page says of the rest."""

import copy
import io
import random

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from snippets.training.checkpoint import missing, order, safe_loading
from snippets.training.checkpoint.checkpoint_state import checkpoint_state
from snippets.training.checkpoint.epoch_sampler import EpochSampler
from snippets.training.checkpoint.match_by_name import match_by_name
from snippets.training.checkpoint.restore import restore

X = torch.randn(60, 6, generator=torch.Generator().manual_seed(0))
Y = torch.arange(60) % 3


def through_a_file(value):
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file)


def build(seed, optimizer_class=torch.optim.AdamW):
    random.seed(seed), np.random.seed(seed), torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5))
    model.append(nn.Linear(8, 3))
    optimizer = optimizer_class(model.parameters(), lr=0.01)
    average = get_ema_multi_avg_fn(0.9)
    return {
        "model": model,
        "optimizer": optimizer,
        "scheduler": lr_scheduler.OneCycleLR(optimizer, 0.02, total_steps=30),
        "scaler": torch.amp.GradScaler("cpu", growth_interval=4),
        "ema": AveragedModel(model, multi_avg_fn=average, use_buffers=True),
        "own": torch.Generator().manual_seed(seed),
    }


def train(run, step, until):
    model, optimizer, scheduler, scaler, ema, own = run.values()
    sampler = EpochSampler(60, seed=3)
    for now in range(step, until):
        epoch, batch = divmod(now, 5)
        sampler.seek(epoch, 12 * batch)
        index = list(sampler)[:12]
        noise = random.gauss(0, 1) + np.random.rand() + torch.rand(1, generator=own)
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.cross_entropy(model(X[index] + noise), Y[index])
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        scheduler.step()
        ema.update_parameters(model)


def differing(a, b, path=""):
    """Paths at which two nested states differ, by bits for tensors."""
    if torch.is_tensor(a):
        return [] if torch.equal(a, b) else [path]
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [path]
        return [p for k in a for p in differing(a[k], b[k], f"{path}/{k}")]
    if isinstance(a, (list, tuple)):
        if len(a) != len(b):
            return [path]
        pairs = enumerate(zip(a, b, strict=True))
        return [p for i, (u, v) in pairs for p in differing(u, v, f"{path}/{i}")]
    return [] if a == b else [path]


OPTIMIZERS = [torch.optim.AdamW, torch.optim.RMSprop, torch.optim.NAdam]


@pytest.mark.parametrize("kind", OPTIMIZERS, ids=lambda k: k.__name__)
def test_resumed_is_never_stopped(kind):
    whole = build(0, kind)
    train(whole, 0, 26)
    first = build(0, kind)
    train(first, 0, 13)  # in epoch 2, after batch 3
    saved = through_a_file(checkpoint_state(13, **first))
    second = build(99, kind)
    step = restore(saved, **second)
    assert step == 13
    train(second, step, 26)
    end = checkpoint_state(26, **whole)
    assert differing(end, checkpoint_state(26, **second)) == []
    assert len(end["objects"]["optimizer"]["state"]) == 6


def test_every_generator_is_restored():
    first = build(0)
    train(first, 0, 3)
    saved = through_a_file(checkpoint_state(3, **first))
    assert saved["random"].keys() == {"torch", "cuda", "python", "numpy"}
    drawn = random.random(), np.random.normal(), torch.rand(1).item()
    restore(saved, **build(1))
    assert (random.random(), np.random.normal(), torch.rand(1).item()) == drawn


def test_state_loads_safely_and_holds_live_tensors():
    run = build(0)
    state = checkpoint_state(0, **run)
    assert differing(through_a_file(state), state) == []
    weight = state["objects"]["model"]["0.weight"]
    assert weight.data_ptr() == run["model"][0].weight.data_ptr()


def test_wrong_objects():
    model = nn.Linear(2, 1)
    state = checkpoint_state(1, model=copy.deepcopy(model))
    with pytest.raises(TypeError, match="loss must have state_dict .* got float"):
        checkpoint_state(1, model=model, loss=0.5)
    before = model.weight.clone()
    for objects in ({}, {"net": model}, {"model": model, "other": model}):
        with pytest.raises(ValueError, match=r"must be \['model'\], as saved, got"):
            restore(state, **objects)
    assert torch.equal(model.weight, before), "nothing was loaded"


@pytest.mark.parametrize("start", [0, 1, 16, 31])
def test_sampler_goes_on_where_it_stopped(start):
    sampler = EpochSampler(32, seed=5)
    sampler.seek(4)
    whole = list(sampler)
    sampler.seek(4, start)
    assert list(sampler) == whole[start:] and len(sampler) == 32 - start
    assert sorted(whole) == list(range(32))


def test_sampler_orders_differ():
    orders = []
    for seed in range(4):
        sampler = EpochSampler(50, seed)
        for epoch in range(4):
            sampler.seek(epoch)
            orders.append(tuple(sampler))
    assert len(set(orders)) == 16, "epoch 1 of seed 0 is not epoch 0 of seed 1"
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    list(EpochSampler(50))
    assert torch.equal(torch.rand(3), expected), "it draws nothing from torch"
    with pytest.raises(ValueError, match="size must be at least 1, got 0"):
        EpochSampler(0)
    for place in ((-1, 0), (0, 50), (0, -1)):
        with pytest.raises(ValueError, match="samples from 0 to 49"):
            EpochSampler(50).seek(*place)


def named(*names, groups=1):
    pairs = [(n, nn.Parameter(torch.ones(2))) for n in names]
    for name, p in pairs:
        p.grad = torch.full((2,), float(ord(name)))
    size = len(pairs) // groups
    starts = range(0, len(pairs), size)
    return dict(pairs), [{"params": pairs[i : i + size]} for i in starts]


@pytest.mark.parametrize("groups", [1, 2])
def test_match_by_name_follows_the_names(groups):
    _, first = named("a", "b", "c", "d", groups=groups)
    old = torch.optim.Adam(first, lr=0.1)
    old.param_groups[-1]["lr"] = 0.3
    old.step()
    other = ("b", "a", "d", "c")
    by_name, second = named(*other, groups=groups)
    new = torch.optim.Adam(second)
    new.register_load_state_dict_pre_hook(match_by_name)
    saved = old.state_dict()
    untouched = copy.deepcopy(saved)
    new.load_state_dict(saved)
    for name, p in by_name.items():
        expected = 0.1 * ord(name)
        assert new.state[p]["exp_avg"][0].item() == pytest.approx(expected, rel=1e-5)
    assert new.param_groups[-1]["lr"] == 0.3
    names = [n for g in new.param_groups for n in g["param_names"]]
    assert names == list(other)
    assert differing(saved, untouched) == []


def test_match_by_name_leaves_out_what_never_stepped():
    params, first = named("a", "b")
    params["a"].grad = None
    old = torch.optim.Adam(first)
    old.step()
    by_name, second = named("b", "a")
    new = torch.optim.Adam(second)
    new.register_load_state_dict_pre_hook(match_by_name)
    new.load_state_dict(old.state_dict())
    assert by_name["b"] in new.state and by_name["a"] not in new.state


def test_match_by_name_refuses():
    _, first = named("a", "b")
    old = torch.optim.Adam(first).state_dict()
    for names, groups, message in (
        (("a", "c"), 1, r"names of group 0 must be as saved, got \['b', 'c'\]"),
        (("a", "b", "c"), 1, r"got \['c'\]"),
        (("a", "b"), 2, "state_dict must have 2 groups, got 1"),
    ):
        _, second = named(*names, groups=groups)
        with pytest.raises(ValueError, match=message):
            match_by_name(torch.optim.Adam(second), old)
    plain = torch.optim.Adam([nn.Parameter(torch.ones(1))])
    with pytest.raises(ValueError, match="built from named_parameters"):
        match_by_name(plain, plain.state_dict())


# Claims of the page


@pytest.fixture(scope="module")
def runs():
    return missing._runs()


def worst(runs, name):
    whole = torch.stack(runs["never stopped"].loss)
    gain = (torch.stack(runs[name].loss) / whole).log().mean(1)
    return gain.max().exp().item()


def test_what_each_piece_costs(runs):
    assert worst(runs, "nothing") == 1
    assert 1.05 < worst(runs, "optimizer") < 1.5
    assert worst(runs, "scheduler") > 1.15
    for small in ("scaler", "random", "data"):
        assert 1 < worst(runs, small) < 1.2
    assert [runs[n].skipped for n in ("never stopped", "scaler")] == [0, 4]
    assert runs["scheduler"].lr[-1] > 3 * runs["never stopped"].lr[-1]
    assert divmod(missing.SAVED, missing.BATCHES) == (5, 15)


def test_order_of_building():
    rows = [row.split("|")[1:5] for row in order.table().splitlines()[2:]]
    assert len(rows) == 14
    late = [row for row in rows if "**" in row[2]]
    wrong = [row[0].strip() for row in rows if "no" in row[3]]
    assert len(late) == 8 and late == rows[:8]
    assert wrong == ["LinearLR", "ConstantLR", "SequentialLR", "ChainedScheduler"]


def test_what_loads_safely():
    rows = safe_loading.table().splitlines()[2:]
    assert [row.endswith("| loads |") for row in rows] == [True] * 10 + [False] * 10


def test_other_pairs_of_optimizers():
    def stepped(kind, **options):
        weight = nn.Parameter(torch.ones(2))
        weight.grad = torch.ones(2)
        optimizer = kind([weight], **options)
        optimizer.step()
        return optimizer

    adam = torch.optim.Adam([nn.Parameter(torch.ones(2))])
    adam.load_state_dict(stepped(torch.optim.SGD, lr=0.1).state_dict())
    adam.param_groups[0]["params"][0].grad = torch.ones(2)
    with pytest.raises(KeyError, match="betas"):
        adam.step()


def test_loaded_state_is_cast_to_the_parameters():
    source = nn.Linear(2, 1)
    source(torch.ones(1, 2)).sum().backward()
    optimizer = torch.optim.Adam(source.parameters())
    optimizer.step()
    half = nn.Linear(2, 1, dtype=torch.bfloat16)
    other = torch.optim.Adam(half.parameters())
    other.load_state_dict(optimizer.state_dict())
    state = other.state[half.weight]
    kinds = [state[k].dtype for k in ("exp_avg", "exp_avg_sq", "step")]
    assert kinds == [torch.bfloat16, torch.bfloat16, torch.float32]
    source.double()
    again = torch.optim.Adam(source.parameters())
    again.load_state_dict(optimizer.state_dict())
    source.zero_grad()
    source(torch.ones(1, 2).double()).sum().backward()
    again.step()
