"""The remedies: the networks side by side against torch one by one, and each claim."""

import math
import re

import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from snippets.choose.remedy import (
    exploding,
    not_decreasing,
    oscillating,
    overfitting,
    poor_final,
    slow,
    underfitting,
)
from snippets.choose.remedy.interval import QUANTILES, interval
from snippets.choose.remedy.train import TRIAL, train
from tools.pages import ROOT


def parse(cell: str) -> float:
    """The mean of a cell; a dash is nan."""
    return float(cell.strip("* ").partition("±")[0].replace("–", "nan"))


def rows(module) -> dict[str, list[float]]:
    lines = [line.strip("| ").split(" | ") for line in module.table().splitlines()[2:]]
    return {name: [parse(cell) for cell in cells] for name, *cells in lines}


@pytest.fixture(scope="module")
def tables():
    modules = (
        *(not_decreasing, exploding, slow, oscillating),
        *(overfitting, underfitting, poor_final),
    )
    return {m.__name__.rpartition(".")[2]: rows(m) for m in modules}


def alone(trial: dict, seeds: int, seed: int) -> dict[str, float]:
    """One network of a stack of that many seeds, by torch's own modules."""
    t = TRIAL | trial
    draw = torch.Generator().manual_seed(0)
    pixels, digits = load_digits(return_X_y=True)
    x = F.avg_pool2d(torch.tensor(pixels).float().view(-1, 1, 8, 8), 2).flatten(1)
    order = torch.randperm(len(x), generator=draw)
    if not t["raw"]:
        x = (x - x.mean(0)) / (x.std(0) + 1)
    x, y = x[order], torch.tensor(digits)[order]
    own = y[:600].roll(1) if t["shifted"] else y[:600]
    chance, guess = torch.rand(2, seeds, 600, generator=draw)
    leader = seed - seed % t["team"]
    own = torch.where(chance[leader] < t["wrong"], (10 * guess[leader]).long(), own)

    h = t["width"]
    net = nn.Sequential(
        *(nn.Linear(16, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 10))
    )
    count = sum(p.numel() for p in net.parameters())
    flat = torch.randn(seeds, count, generator=draw)[seed]
    for layer in net[0], net[2], net[4]:
        (o, i), start = layer.weight.shape, flat[: layer.weight.numel()]
        layer.weight.data = start.view(i, o).T * t["init"] * math.sqrt(2 / i)
        layer.bias.data.zero_()
        flat = flat[i * o + o :]
    options = {"lr": t["lr"], "weight_decay": t["weight_decay"]}
    if t["adam"]:
        optimizer = torch.optim.AdamW(net.parameters(), **options)
    else:
        optimizer = torch.optim.SGD(net.parameters(), momentum=t["momentum"], **options)
    for k in range(t["steps"]):
        part = torch.rand(seeds, t["batch"], generator=draw)[seed]
        i = (part * t["samples"]).long()
        rise = min(1, (k + 1) / (t["warmup"] * t["steps"])) if t["warmup"] else 1
        fall = 1 - k / t["steps"] if t["fall"] else 1
        optimizer.param_groups[0]["lr"] = t["lr"] * rise * fall
        optimizer.zero_grad()
        F.cross_entropy(net(x[i]), own[i]).backward()
        nn.utils.clip_grad_norm_(net.parameters(), t["clip"])
        optimizer.step()
    with torch.no_grad():
        n = t["samples"]
        test = net(x[1000:])
        return {
            "train": F.cross_entropy(net(x[:n]), own[:n]).item(),
            "validation": F.cross_entropy(net(x[600:1000]), y[600:1000]).item(),
            "loss": F.cross_entropy(test, y[1000:]).item(),
            "accuracy": 100 * (test.argmax(1) == y[1000:]).double().mean().item(),
        }


CHANGES = [
    {},
    {"lr": 0.01, "momentum": 0.0, "weight_decay": 0.1},
    {"adam": True, "lr": 0.01, "weight_decay": 1.0},
    {"clip": 0.5, "warmup": 0.3, "fall": True},
    {"samples": 50, "wrong": 0.3, "init": 2.0},
    {"shifted": True, "raw": True, "lr": 1e-3},
    {"width": 5, "batch": 8, "steps": 31},
    {"wrong": 0.5, "team": 2},
]


def test_networks_side_by_side_are_those_of_torch_alone():
    changes = [{"steps": 20} | change for change in CHANGES]
    for change, end in zip(changes, train(changes, seeds=4), strict=True):
        for seed in (0, 3):
            expected = alone(change, 4, seed)
            found = {k: end[k][seed].item() for k in expected}
            assert found == pytest.approx(expected, rel=2e-3, abs=0.3), change
            for loss in ("train", "validation", "loss"):
                assert found[loss] == pytest.approx(expected[loss], rel=2e-3), change
    assert end["labels"].shape == (797,) and end["logits"].shape == (4, 797, 10)


def test_dropout_zeroes_units_only_while_training():
    half, most, none = train([{"dropout": d} for d in (0.5, 0.9, 0.0)], seeds=4)
    assert half["train"].mean() > none["train"].mean() + 0.3
    assert most["train"].mean() > half["train"].mean() + 0.3
    # In evaluation nothing is dropped: one step leaves both where they were.
    a, b = train([{"dropout": d, "steps": 1, "lr": 0.0} for d in (0.5, 0.0)], seeds=4)
    torch.testing.assert_close(a["logits"], b["logits"])


def test_dropout_keeps_the_mean_of_a_step():
    one = {"steps": 1, "batch": 8192, "init": 0.3, "momentum": 0.0}
    trials = [one | {"lr": 0.0}, one, one | {"dropout": 0.5}]
    start, plain, dropped = (end["logits"] for end in train(trials, seeds=4))
    expected, found = plain - start, dropped - start
    share = (found * expected).sum() / expected.square().sum()
    assert abs(share - 1) < 0.15


def test_early_stopping_keeps_the_least_validation_loss():
    trial = overfitting.OVERFIT
    every_end = [trial | {"steps": trial["steps"], "stop": s} for s in (False, True)]
    last, best = train(every_end, seeds=6)
    assert (best["validation"] < last["validation"]).all()
    assert (best["loss"] < last["loss"]).all()


def test_members_of_a_team_share_the_wrong_labels():
    labels = train([{"wrong": 1.0, "team": 2, "steps": 1, "lr": 0.0}], seeds=4)[0]
    alone_ = train([{"wrong": 1.0, "steps": 1, "lr": 0.0}], seeds=4)[0]
    same = labels["train"] == alone_["train"]
    assert same.tolist() == [True, False, True, False]


def test_interval():
    for n, quantile in QUANTILES.items():
        values = torch.arange(n).float()
        half = quantile * values.std() / n**0.5
        assert interval(values, 3) == f"{values.mean():.3f}\u00a0±\u00a0{half:.3f}"
    assert interval(torch.tensor([1.0, math.inf, 0, 0])) == "–"
    for bad in torch.zeros(3), torch.zeros(6, 1):
        with pytest.raises(ValueError, match=re.escape(str(tuple(bad.shape)))):
            interval(bad)


# The claims of the page, with margins for other kernels


def test_not_decreasing(tables):
    rate = {name: cells[0] for name, cells in tables["not_decreasing"].items()}
    labels = {name: cells[1] for name, cells in tables["not_decreasing"].items()}
    assert rate["nothing"] < 25 < 50 < rate["rate × 10"] < 75 < rate["rate × 100"]
    assert rate["Adam, lr 0.03"] > 75
    for name in "clip at 1.0", "batch × 4", "half the width":
        assert rate[name] < rate["nothing"] + 5
    assert labels.pop("labels in place") > 75
    assert max(labels.values()) < 18


def test_exploding(tables):
    rate, weights, raw = (
        {name: cells[i] for name, cells in tables["exploding"].items()}
        for i in range(3)
    )
    removed = "the cause removed"
    for cause in rate, weights, raw:
        assert cause["nothing"] < 20 < 75 < cause[removed]
        assert cause["a quarter of the width"] < 15
        assert cause["warm-up, 20 %"] < 20
    assert rate["clip at 1.0"] < 25 < 70 < rate["clip, rate ÷ 10"]
    assert rate["rate ÷ 100"] > 70 and rate["Adam, lr 0.03"] > 75
    repaired = weights.pop(removed), raw.pop(removed)
    assert max(weights.values()) < 65 < repaired[0]
    assert max(raw, key=raw.get) == "Adam, lr 0.03"


def test_small_clips_set_the_rate_and_adam_has_a_border_too():
    clipped, adam = train([{"lr": 3.0, "clip": 0.1}, {"adam": True, "lr": 1.0}], 6)
    assert clipped["accuracy"].mean() > 65
    assert adam["accuracy"].mean() < 15


def test_stuck_networks_answer_all_inputs_alike():
    ends = train([{"init": 10.0}, {"lr": 3.0}, {"raw": True}], seeds=6)
    spread = torch.stack([e["logits"].softmax(2).std(1).amax(1) for e in ends])
    assert (spread < 0.15).float().mean() > 0.6


def test_slow(tables):
    loss = {name: cells[0] for name, cells in tables["slow"].items()}
    accuracy = {name: cells[1] for name, cells in tables["slow"].items()}
    assert loss["rate × 30"] < loss["rate × 10"] < loss["nothing"] - 0.7
    assert abs(loss["rate × 10"] - loss["momentum 0.9"]) < 0.4
    assert abs(loss["momentum 0.9, rate ÷ 10"] - loss["nothing"]) < 0.1
    assert abs(loss["batch × 4"] - loss["nothing"]) < 0.1
    assert abs(loss["batch × 4, rate × 4"] - loss["batch ÷ 4, steps × 4"]) < 0.2
    assert loss["warm-up and decay"] > loss["nothing"] + 0.05
    assert loss["both, rate × 30"] > loss["rate × 30"]
    assert loss["half the width"] > loss["nothing"] > loss["width × 2"] + 0.1
    sgd, adam = (v for k, v in accuracy.items() if "best lr" in k)
    assert abs(sgd - adam) < 4 and min(sgd, adam) - accuracy["nothing"] > 55


def test_oscillating(tables):
    noise, curvature = (
        {name: cells[i] for name, cells in tables["oscillating"].items()}
        for i in range(2)
    )
    for cause in noise, curvature:
        assert cause["momentum 0.9"] < 20 < cause["nothing"] < 62
        assert cause["rate ÷ 3"] > cause["nothing"] + 10
        assert cause["decay to 0"] > cause["nothing"] + 10
    assert abs(noise["momentum 0.9, rate ÷ 10"] - noise["nothing"]) < 15
    assert curvature["momentum 0.9, rate ÷ 10"] > 75
    assert noise["batch × 4"] > 70 > curvature["batch × 4"]


def test_overfitting(tables):
    t = tables["overfitting"]
    training, loss, accuracy = ({k: v[i] for k, v in t.items()} for i in range(3))
    more = loss.pop("4 × the samples")
    assert more < min(loss.values()) - 0.1
    assert abs(loss["weight decay 1e-3"] - loss["nothing"]) < 0.1
    assert loss["weight decay 1"] < 0.6 * loss["nothing"]
    assert loss["weight decay 0.3"] < loss["nothing"] - 0.5
    # A lower rate stops earlier; with the steps made up for, nothing is left.
    assert loss["rate ÷ 3"] < loss["nothing"] - 0.5
    assert training["rate ÷ 3"] > 0.15 > 0.05 > training["rate ÷ 3, steps × 3"]
    assert abs(loss["rate ÷ 3, steps × 3"] - loss["nothing"]) < 0.35
    assert loss["early stopping"] < 0.65 * loss["nothing"]
    assert abs(accuracy["early stopping"] - accuracy["nothing"]) < 8
    assert accuracy["labels corrected"] > accuracy["nothing"] + 10
    assert accuracy["a quarter of the width"] < accuracy["nothing"] - 8
    assert training["a quarter of the width"] > 0.7
    assert loss["dropout 0.2"] < loss["nothing"] - 0.5
    assert accuracy["dropout 0.5"] < accuracy["nothing"]
    assert loss["ensemble of 5"] < loss["nothing"] - 0.6


def test_underfitting(tables):
    small, decay, dropout = (
        {name: cells[i] for name, cells in tables["underfitting"].items()}
        for i in range(3)
    )
    off, wider = "both regularisers ÷ 10", "width × 3"
    assert small["nothing"] < 60 < 70 < small[wider]
    assert small[off] == small["nothing"] > small["rate × 3"]
    assert decay["nothing"] < 45 and decay[wider] < 60 < 75 < decay[off]
    assert abs(decay["steps × 3"] - decay["nothing"]) < 10
    assert dropout["nothing"] < 70 < 75 < min(dropout[wider], dropout[off])


def test_a_wider_network_is_easier_to_train():
    ends = train([{"width": w} for w in (2, 8, 32)], seeds=6)
    narrow, middle, wide = (end["train"].mean() for end in ends)
    assert narrow - middle > 0.7 and middle - wide > 0.2


def test_poor_final(tables):
    t = tables["poor_final"]
    loss, accuracy = ({k: v[i] for k, v in t.items()} for i in range(2))
    assert loss["decay to 0"] < 0.8 * loss["nothing"]
    assert abs(loss["decay to 0"] - loss["warm-up and decay"]) < 0.08
    assert accuracy["nothing"] < 73 < accuracy["rate ÷ 3"] < accuracy["decay to 0"]
    assert accuracy["rate ÷ 10"] < accuracy["rate ÷ 3"]
    assert accuracy["steps × 2"] + 6 < accuracy["steps × 2, decay"]
    assert loss["steps × 2, decay"] < loss["decay to 0"]
    assert loss["batch × 8"] < loss["decay to 0"]
    sgd, adam = (v for k, v in loss.items() if "best lr" in k)
    assert abs(sgd - adam) < 0.12
    assert loss["ensemble of 5"] < 0.85 * loss["nothing"]
    assert loss["ensemble of 5, decay"] < loss["ensemble of 5"]


def test_seeds_alone_differ_by_ten_points():
    (end,) = train([poor_final.PLATEAU], seeds=20)
    assert end["accuracy"].max() - end["accuracy"].min() > 10


def test_ensembles_of_easy_data_gain_a_little():
    trial = {"adam": True, "lr": 0.03, "fall": True, "steps": 200}
    (single,) = train([trial], seeds=20)
    five = overfitting._ensembles(trial)
    gain = five["accuracy"].mean() - single["accuracy"].mean()
    assert 0.3 < gain < 4


def test_gradient_norms_tell_no_wrong_labels():
    pixels, digits = load_digits(return_X_y=True)
    x, y = torch.tensor(pixels[:600]).float() / 8 - 1, torch.tensor(digits[:600])
    net = nn.Sequential(nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10))
    norms = []
    for labels in y, y.roll(1):
        loss = F.cross_entropy(net(x), labels)
        gradients = torch.autograd.grad(loss, list(net.parameters()))
        norms.append(nn.utils.get_total_norm(gradients).item())
    assert all(0.01 < norm < 10 for norm in norms)


def test_clipping_spreads_a_nan():
    parameters = [nn.Parameter(torch.ones(2)) for _ in range(2)]
    parameters[0].grad = torch.tensor([1.0, math.nan])
    parameters[1].grad = torch.ones(2)
    nn.utils.clip_grad_norm_(parameters, 1.0)
    assert parameters[1].grad.isnan().all()


# table, row, column, and the words around the number
PROSE = [
    ("not_decreasing", "nothing", 0, "a hundredth of a good rate: {} % accuracy"),
    ("not_decreasing", "rate × 10", 0, "at a tenth {} %"),
    ("not_decreasing", "rate × 100", 0, "at the good one {} %"),
    ("not_decreasing", "clip at 1.0", 0, "against a low rate ({} %"),
    ("exploding", "rate ÷ 100", 1, "too large they end at {} %"),
    ("exploding", "clip at 1.0", 1, "they end at 44 %, {} %"),
    ("exploding", "the cause removed", 1, "the repaired network at {} %"),
    ("exploding", "clip at 1.0", 0, "30 times a good rate it ends at {} %"),
    ("exploding", "rate ÷ 100", 0, "a hundredth of the rate at {} %"),
    ("slow", "warm-up and decay", 1, "ends at {} % where"),
    ("slow", "nothing", 1, "the constant rate ends at {} %"),
    ("oscillating", "momentum 0.9", 1, "that ends at chance, {} %"),
    ("overfitting", "a quarter of the width", 2, "the one that overfits, {} %"),
    ("overfitting", "nothing", 2, "the one that overfits, 45 % for {} %"),
    ("underfitting", "nothing", 0, "of width 4 ends at {} %"),
    ("underfitting", "rate × 3", 0, "at three times the rate at {} %"),
    ("underfitting", "width × 3", 0, "at three times the width at {} %"),
    ("underfitting", "steps × 3", 1, "against decay ({} %"),
    ("underfitting", "both regularisers ÷ 10", 1, "A tenth of the decay: {} %"),
    ("poor_final", "nothing", 1, "plateau below, {} % becomes"),
    ("poor_final", "decay to 0", 1, "63 % becomes {} and"),
    ("poor_final", "batch × 8", 1, "becomes 79 and {} %"),
    ("poor_final", "rate ÷ 3", 1, "a third of the rate reaches {} %"),
    ("poor_final", "rate ÷ 10", 1, "reaches 75 %, a tenth {} %"),
    ("poor_final", "steps × 2, decay", 1, "steps with decay: {} %"),
    ("poor_final", "steps × 2", 1, "without: {} %"),
]


@pytest.mark.parametrize("table, row, column, words", PROSE)
def test_numbers_in_the_answers_are_those_of_the_tables(
    tables, table, row, column, words
):
    text = (ROOT / "docs/choose/remedy.md").read_text("utf-8")
    (said,) = set(re.findall(re.escape(words).replace(r"\{\}", r"(\d+)"), text))
    assert abs(int(said) - tables[table][row][column]) < 6
