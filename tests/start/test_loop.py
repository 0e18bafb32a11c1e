"""The training loop's snippets: what they change, what they refuse, what they show."""

import copy
import math
from functools import cache

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.start.loop import broken_loops, digits_curves, loss_scale, touches
from snippets.start.loop.evaluate import evaluate
from snippets.start.loop.gradient_report import gradient_report
from snippets.start.loop.train_epoch import train_epoch
from snippets.start.loop.unoptimized import unoptimized


def classifier(dropout: float = 0.0) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 8), nn.Dropout(dropout), nn.Linear(8, 3))


def batches(*sizes: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    torch.manual_seed(1)
    return [(torch.randn(n, 4), torch.randint(3, (n,))) for n in sizes]


@cache
def rows(module) -> list[list[str]]:
    lines = module.table().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class TestTrainEpoch:
    def test_equals_the_update_written_out(self):
        model, (batch,) = classifier(), batches(16)
        twin = copy.deepcopy(model)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
        loss = train_epoch(model, nn.CrossEntropyLoss(), optimizer, [batch])

        expected = F.cross_entropy(twin(batch[0]), batch[1])
        gradients = torch.autograd.grad(expected, list(twin.parameters()))
        assert loss == pytest.approx(expected.item())
        for new, old, g in zip(
            model.parameters(), twin.parameters(), gradients, strict=True
        ):
            torch.testing.assert_close(new, old - 0.5 * g)

    def test_old_gradients_do_not_leak_in(self):
        clean, stale, data = classifier(), classifier(), batches(8, 8)
        for parameter in stale.parameters():
            parameter.grad = torch.full_like(parameter, 1e6)
        for model in (clean, stale):
            optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
            train_epoch(model, nn.CrossEntropyLoss(), optimizer, data)
        for a, b in zip(clean.parameters(), stale.parameters(), strict=True):
            assert torch.equal(a, b)

    def test_mean_counts_samples_not_batches(self):
        model, data = classifier(), batches(9, 1)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        loss = train_epoch(model, nn.CrossEntropyLoss(), optimizer, data)
        logits, target = model(torch.cat([x for x, _ in data])), [y for _, y in data]
        whole = F.cross_entropy(logits, torch.cat(target)).item()
        assert loss == pytest.approx(whole, rel=1e-6)

    def test_turns_training_mode_on(self):
        model = classifier(0.5).eval()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        train_epoch(model, nn.CrossEntropyLoss(), optimizer, batches(4))
        assert model.training

    def test_refuses_a_loss_per_sample_before_any_update(self):
        model = classifier()
        before = copy.deepcopy(model.state_dict())
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        criterion = nn.CrossEntropyLoss(reduction="none")
        with pytest.raises(ValueError, match=r"scalar, got shape \(5,\)"):
            train_epoch(model, criterion, optimizer, batches(5))
        for name, value in model.state_dict().items():
            assert torch.equal(value, before[name])

    def test_refuses_no_data(self):
        model = classifier()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        with pytest.raises(ValueError, match="batches must hold"):
            train_epoch(model, nn.CrossEntropyLoss(), optimizer, [])


class TestEvaluate:
    @pytest.mark.parametrize("sizes", [(10,), (9, 1), (4, 4, 2)])
    def test_does_not_depend_on_the_split(self, sizes):
        model, ((inputs, target),) = classifier(), batches(10)
        parts = list(zip(inputs.split(sizes), target.split(sizes), strict=True))
        loss, accuracy = evaluate(model, nn.CrossEntropyLoss(), parts)
        logits = model(inputs)
        assert loss == pytest.approx(F.cross_entropy(logits, target).item())
        assert accuracy == (logits.argmax(1) == target).sum().item() / 10

    @pytest.mark.parametrize("training", [True, False])
    def test_dropout_is_off_and_the_mode_comes_back(self, training):
        model, data = classifier(0.9).train(training), batches(32)
        first = evaluate(model, nn.CrossEntropyLoss(), data)
        assert first == evaluate(model, nn.CrossEntropyLoss(), data)
        assert model.training is training

    def test_records_no_graph(self):
        seen = []

        def criterion(logits, target):
            seen.append(logits.requires_grad)
            return F.cross_entropy(logits, target)

        evaluate(classifier(), criterion, batches(3))
        assert seen == [False]

    def test_extreme_logits_stay_finite(self):
        data = [
            (torch.full((2, 3), 1e4) * torch.tensor([1, 0, -1]), torch.tensor([2, 0]))
        ]
        assert evaluate(nn.Identity(), nn.CrossEntropyLoss(), data) == (1e4, 0.5)

    def test_refuses_one_hot_targets_and_no_data(self):
        one_hot = [(torch.ones(2, 4), torch.eye(3)[:2])]
        with pytest.raises(ValueError, match=r"got \(2, 3\) for logits \(2, 3\)"):
            evaluate(classifier(), nn.CrossEntropyLoss(), one_hot)
        with pytest.raises(ValueError, match="batches must hold"):
            evaluate(classifier(), nn.CrossEntropyLoss(), [])


class TestUnoptimized:
    def test_finds_copies_criterion_weights_and_late_layers(self):
        model, criterion = classifier(), nn.PReLU()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        assert unoptimized(optimizer, model) == []
        assert unoptimized(optimizer, model, criterion) == ["PReLU: weight"]
        assert len(unoptimized(optimizer, copy.deepcopy(model))) == 4

    def test_frozen_parameters_are_not_missed(self):
        model = classifier()
        optimizer = torch.optim.SGD(model[2].parameters(), lr=0.1)
        model[0].requires_grad_(False)
        assert unoptimized(optimizer, model) == []

    def test_sees_every_group(self):
        model = classifier()
        groups = [{"params": model[0].parameters()}, {"params": model[2].parameters()}]
        assert unoptimized(torch.optim.SGD(groups, lr=0.1), model) == []

    def test_refuses_parameters_in_place_of_a_module(self):
        optimizer = torch.optim.SGD(classifier().parameters(), lr=0.1)
        with pytest.raises(TypeError, match="modules must be nn.Module, got list"):
            unoptimized(optimizer, [])


class TestGradientReport:
    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (0.0, "zero"),
            (math.inf, "non-finite"),
            (math.nan, "non-finite"),
            (3e4, "3e+04"),
        ],
    )
    def test_names_what_is_there(self, dtype, value, text):
        layer = nn.Linear(1, 1, bias=False).to(dtype)
        assert gradient_report(layer) == {"weight": "none"}
        layer.weight.grad = torch.full_like(layer.weight, value)
        assert gradient_report(layer) == {"weight": text}

    def test_norm_does_not_overflow_in_half_precision(self):
        layer = nn.Linear(4, 4, bias=False).half()
        layer.weight.grad = torch.full_like(layer.weight, 6e4)
        assert gradient_report(layer) == {"weight": "2.4e+05"}

    def test_underflow_of_the_norm_is_not_called_zero(self):
        layer = nn.Linear(4, 1, bias=False)
        layer.weight.grad = torch.full_like(layer.weight, 1e-30)
        assert gradient_report(layer) == {"weight": "2e-30"}

    def test_refuses_a_model_without_trainable_parameters(self):
        with pytest.raises(ValueError, match="trainable parameter, got none"):
            gradient_report(nn.Linear(2, 2).requires_grad_(False))


class TestShown:
    def test_touches(self):
        calls = {row[0]: row[1:] for row in rows(touches)}
        assert calls["`loss.backward()` adds 8 · 0.2 = 1.6"][1] == "**9.600**"
        # 0.2 - 0.1 * (0.9 * 8 + 9.6)
        assert calls["`optimizer.step()` uses the sum"][0] == "**-1.480**"
        assert all("**" not in cell for cell in rows(touches)[2][1:])  # forward

    def test_every_fault_costs(self):
        loss = {row[0]: float(row[1]) for row in rows(broken_loops)}
        accuracy = {row[0]: float(row[2]) for row in rows(broken_loops)}
        for name in loss:
            if name.startswith("none"):
                assert accuracy[name] > 0.94
                continue
            correct = "none: correct loop, " + ("Adam" if "Adam" in name else "SGD")
            assert loss[name] > 2 * loss[correct], name
            assert accuracy[name] < accuracy[correct] - 0.05, name
        adam = "no `zero_grad()`, Adam"
        assert accuracy[adam] > 0.5  # it still learns, as the page says

    def test_loss_scale_is_a_learning_rate_for_sgd_only(self):
        table = {row[0]: [float(cell) for cell in row[1:]] for row in rows(loss_scale)}
        start, (tiny, small, one, large) = 2.2, table["SGD"]
        assert tiny > start and small > start and one < 1 and large > start
        assert max(table["SGD, rate divided by it"]) < one + 0.02
        assert table["SGD, clipped"][3] < 1 < start < table["SGD, clipped"][1]
        assert table["Adam"][0] > start and max(table["Adam"][1:]) < 0.2

    def test_curves_start_at_ln_10(self):
        training, validation = digits_curves.figure().axes[0].lines[:2]
        for line in (training, validation):
            values = line.get_ydata()
            assert len(values) == 8  # the start, then 7 epochs
            assert values[0] == pytest.approx(math.log(10), abs=0.1)
            assert max(values[5:]) < 0.2
