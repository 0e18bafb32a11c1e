"""Groups by rule, against torch and the rules written out, and what the page says."""

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

from snippets.training.groups import decay_rules, differential
from snippets.training.groups.check_groups import check_groups
from snippets.training.groups.layer_wise_decay import layer_wise_decay
from snippets.training.groups.split_decay import split_decay


def net():
    return nn.ModuleDict({k: nn.Linear(2, 2) for k in ("body", "neck", "head")})


# Check


def test_check_accepts_any_partition():
    model = net()
    parts = [{"params": m.parameters()} for m in model.values()]
    check_groups(SGD(parts, lr=0.1), model)
    check_groups(SGD(model.named_parameters(), lr=0.1), model)
    check_groups(SGD(split_decay(model, 0.1), lr=0.1), model)


def test_check_names_the_missing():
    model = net()
    optimizer = SGD([model["body"].weight, *model["head"].parameters()], lr=0.1)
    with pytest.raises(ValueError) as caught:
        check_groups(optimizer, model)
    missing = "body.bias, neck.weight, neck.bias"
    assert str(caught.value) == f"trainable, but in no group: {missing}"


def test_check_frozen():
    model = net()
    model["neck"].requires_grad_(False)
    check_groups(SGD([*model["body"].parameters(), *model["head"].parameters()]), model)
    optimizer = SGD(model.parameters(), lr=0.1)
    with pytest.raises(
        ValueError, match="^frozen, but in a group: neck.weight, neck.b"
    ):
        check_groups(optimizer, model)
    check_groups(optimizer, model, allow_frozen=True)


def test_check_twice():
    model = net()
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = SGD([*model.parameters(), model["head"].bias], lr=0.1)
    with pytest.raises(ValueError, match="^in the optimizer twice: head.bias$"):
        check_groups(optimizer, model)


def test_check_replaced_and_tied():
    model = net()
    optimizer = SGD(model.parameters(), lr=0.1)
    model["head"] = nn.Linear(2, 3)
    with pytest.raises(ValueError) as caught:
        check_groups(optimizer, model)
    assert "in no group: head.weight, head.bias; of another model: (2, 2), (2,)" in str(
        caught.value
    )
    model["head"] = model["body"]
    check_groups(SGD(model.parameters(), lr=0.1), model)


# Split


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Parameter(torch.zeros(1, 4, 2))
        self.table = nn.Embedding(5, 2)
        self.conv = nn.Conv1d(2, 2, 3)
        self.norm = nn.BatchNorm1d(2)
        self.head = nn.Linear(2, 5)
        self.head.weight = self.table.weight


@pytest.mark.parametrize("embeddings", [True, False])
@pytest.mark.parametrize("spare", [(), ("pos_embed",), ("pos", "conv.w")])
def test_split_is_the_rule_and_a_partition(embeddings, spare):
    model = Tied()
    optimizer = AdamW(split_decay(model, 0.1, embeddings, spare), lr=1e-3)
    check_groups(optimizer, model)
    decays = {
        n: g["weight_decay"] for g in optimizer.param_groups for n in g["param_names"]
    }
    expected = {"conv.weight"} | ({"table.weight"} if embeddings else set())
    expected |= {"pos_embed"}
    expected -= {n for n in decays for part in spare if part in n}
    assert {n for n, d in decays.items() if d == 0.1} == expected
    assert set(decays.values()) == {0.0, 0.1} if expected else {0.0}
    assert decays.keys() == dict(model.named_parameters()).keys()


def test_split_leaves_out():
    model = net()
    model["neck"].requires_grad_(False)
    names = [n for g in split_decay(model, 0.1) for n, _ in g["params"]]
    assert sorted(names) == ["body.bias", "body.weight", "head.bias", "head.weight"]
    assert len(split_decay(nn.LayerNorm(2), 0.1)) == 1


def test_split_refuses():
    with pytest.raises(ValueError, match="no parameter's name contains 'pos_embed'"):
        split_decay(net(), 0.1, spare=["pos_embed"])
    with pytest.raises(ValueError, match="weight_decay must not be negative, got -1"):
        split_decay(net(), -1)


# Layer-wise


def test_layer_wise_is_maes_formula():
    blocks = [nn.Linear(2, 2) for _ in range(5)]
    groups = layer_wise_decay(blocks, lr=2.0, decay=0.65)
    scales = [0.65 ** (4 - i) for i in range(5)]  # MAE's layer_scales, of 5 depths
    assert [g["lr"] for g in groups] == pytest.approx([2 * s for s in scales])
    optimizer = AdamW(groups)
    check_groups(optimizer, nn.ModuleList(blocks))
    scheduler = CosineAnnealingLR(optimizer, 10)
    for _ in range(5):
        optimizer.step()
        scheduler.step()
    rates = [g["lr"] for g in optimizer.param_groups]
    assert rates == pytest.approx(scales)  # halved, ratios kept


def test_layer_wise_counts_empty_layers():
    layers = [nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)]
    assert [g["lr"] for g in layer_wise_decay(layers, 1.0, 0.5)] == [0.25, 1.0]
    layers[2].bias.requires_grad_(False)
    assert len(layer_wise_decay(layers, 1.0, 0.5)[1]["params"]) == 1


def test_layer_wise_refuses():
    layer = nn.Linear(2, 2)
    with pytest.raises(ValueError, match="share a parameter: 0.weight, 1.weight"):
        layer_wise_decay([layer, layer], 1.0, 0.5)
    for decay in (0.0, 1.1, -0.5):
        with pytest.raises(ValueError, match=f"decay must be .*, got {decay}"):
            layer_wise_decay([layer], 1.0, decay)


# What the page says


def test_decay_rules():
    cells = [
        row.strip("| ").split(" | ")[1:] for row in decay_rules.table().split("\n")
    ]
    assert cells[2:] == [
        ["4/4", "2/2", "0/3", "0/7"],
        ["4/4", "2/2", "3/3", "0/7"],
        ["4/4", "0/2", "3/3", "7/7"],
        ["0/4", "0/2", "0/3", "0/7"],
        ["4/4", "2/2", "3/3", "7/7"],
    ]


def test_differential():
    new, old = (100 * a for a in differential._train())
    mean, kept = new.mean(2), old.mean(2)
    one, tenth, frozen = mean
    rates = differential.RATES
    assert rates[one.argmax()] == 0.03 and rates[tenth.argmax()] >= 0.1
    gap = new[0, 2] - new[1].gather(0, new[1].mean(1).argmax().expand(1, 12))[0]
    assert gap.mean() > 2  # 4.2 with an interval of 2.0
    assert one.max() > tenth.max() > frozen.max() + 10
    # about equal on the new digits, and less forgotten
    assert abs(one[1] - tenth[3]) < 5 and kept[1, 3] > kept[0, 1] + 2
    assert (kept[2] == kept[2, 0]).all()
    assert kept[0, 4] < 40 and kept[1, 4] < 75


def test_old_and_new_head_share_nothing():
    """The frozen body's old accuracy is the pre-trained model's: nothing moved."""
    _, before = differential._train(steps=1)
    _, after = differential._train(steps=4)
    assert torch.equal(before[2], after[2]) and not torch.equal(before[0], after[0])


@pytest.mark.parametrize("kind", [SGD, AdamW])
def test_a_stale_gradient_moves_a_frozen_weight(kind):
    weight = nn.Parameter(torch.ones(1))
    weight.grad = torch.ones(1)
    weight.requires_grad_(False)
    optimizer = kind([weight], lr=0.1, weight_decay=0.0)
    for _ in range(3):
        optimizer.step()
    assert weight.item() == pytest.approx(0.7, abs=1e-4)


def test_a_later_group_has_the_defaults_and_no_state():
    a, b = (nn.Parameter(torch.ones(1)) for _ in range(2))
    adam = Adam([{"params": [a], "lr": 1.0, "betas": (0.5, 0.5)}], lr=0.3)
    adam.add_param_group({"params": [b]})
    assert adam.param_groups[1]["lr"] == 0.3
    assert adam.param_groups[1]["betas"] == (0.9, 0.999)
    assert b not in adam.state


def test_position_not_name_decides():
    a, b = (nn.Parameter(torch.ones(2)) for _ in range(2))
    source = SGD([("a", a), ("b", b)], lr=0.1, momentum=0.9)
    a.grad, b.grad = torch.full((2,), 1.0), torch.full((2,), 2.0)
    source.step()
    target = SGD([("b", b), ("a", a)], lr=0.1, momentum=0.9)
    target.load_state_dict(source.state_dict())
    assert target.state[b]["momentum_buffer"].tolist() == [1.0, 1.0]


def test_one_cycle_takes_a_list():
    pair = [nn.Parameter(torch.ones(1)) for _ in range(2)]
    sgd = SGD([{"params": [p]} for p in pair], lr=0.1)
    OneCycleLR(sgd, [0.01, 0.1], total_steps=10, cycle_momentum=False)
    assert [g["max_lr"] for g in sgd.param_groups] == [0.01, 0.1]


def test_defaults_change_nothing():
    sgd = SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    sgd.defaults["lr"] = sgd.lr = 5.0
    assert sgd.param_groups[0]["lr"] == 0.1


def test_batch_norm_moves_when_frozen():
    norm = nn.BatchNorm1d(2).requires_grad_(False)
    norm(torch.randn(8, 2) + 5)
    assert (norm.running_mean > 0.1).all()
    kept = norm.running_mean.clone()
    norm.eval()(torch.randn(8, 2))
    assert torch.equal(kept, norm.running_mean)
