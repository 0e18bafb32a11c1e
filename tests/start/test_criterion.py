"""The criterion page's snippets: oracles, gradients, extremes, and what they refuse."""

import math
from functools import cache

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.start.criterion import accumulation, cut_gradient, reductions
from snippets.start.criterion import learned_weight_curves as curves
from snippets.start.criterion.custom_mse import custom_mse
from snippets.start.criterion.custom_mse_module import CustomMSE
from snippets.start.criterion.gradient_norms import gradient_norms
from snippets.start.criterion.learned_weights import LearnedWeights
from snippets.start.criterion.weighted_cross_entropy import weighted_cross_entropy

HALVES = [torch.float32, torch.bfloat16, torch.float16]


@cache
def rows(module) -> list[list[str]]:
    lines = module.table().splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


class TestCustomMSE:
    @pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
    @pytest.mark.parametrize("shape", [(), (5,), (4, 1), (2, 3, 4)])
    def test_equals_torch(self, reduction, shape):
        torch.manual_seed(0)
        prediction, target = torch.randn(shape), torch.randn(shape)
        ours = custom_mse(prediction, target, reduction)
        assert torch.equal(ours, F.mse_loss(prediction, target, reduction=reduction))

    def test_gradcheck(self):
        torch.manual_seed(0)
        prediction = torch.randn(6, dtype=torch.float64, requires_grad=True)
        target = torch.randn(6, dtype=torch.float64, requires_grad=True)
        assert torch.autograd.gradcheck(custom_mse, (prediction, target))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_keeps_dtype_and_stays_finite(self, dtype):
        prediction = torch.tensor([200.0, -200.0], dtype=dtype, requires_grad=True)
        loss = custom_mse(prediction, torch.zeros(2, dtype=dtype))
        loss.backward()
        assert (
            loss.dtype == dtype and loss.isfinite() and prediction.grad.isfinite().all()
        )

    def test_refuses(self):
        with pytest.raises(ValueError, match=r"got \(3, 1\) and \(3,\)"):
            custom_mse(torch.zeros(3, 1), torch.zeros(3))
        with pytest.raises(TypeError, match="floating, got torch.int64"):
            custom_mse(torch.zeros(3, dtype=torch.int64), torch.zeros(3))
        with pytest.raises(ValueError, match="'none', got 'avg'"):
            custom_mse(torch.zeros(3), torch.zeros(3), "avg")


class TestCustomMSEModule:
    @pytest.mark.parametrize("dtype", HALVES)
    def test_equals_torch_weighted_by_hand(self, dtype):
        torch.manual_seed(0)
        prediction, target = torch.randn(2, 8, 3, dtype=dtype)
        weight = torch.tensor([1.0, 4.0, 0.25], dtype=dtype)
        each = F.mse_loss(prediction, target, reduction="none")
        expected = (each * weight).mean()
        torch.testing.assert_close(CustomMSE(weight)(prediction, target), expected)

    def test_gradcheck(self):
        criterion = CustomMSE(torch.tensor([1.0, 2.0], dtype=torch.float64))
        torch.manual_seed(0)
        prediction = torch.randn(4, 2, dtype=torch.float64, requires_grad=True)
        target = torch.randn(4, 2, dtype=torch.float64)
        assert torch.autograd.gradcheck(criterion, (prediction, target))

    def test_weight_is_saved_and_moves(self):
        criterion = CustomMSE(torch.tensor([1.0, 2.0]))
        other = CustomMSE(torch.ones(2))
        other.load_state_dict(criterion.state_dict())
        assert torch.equal(other.weight, criterion.weight)
        assert criterion.to(torch.float64).weight.dtype == torch.float64
        assert not list(criterion.parameters())

    @pytest.mark.parametrize("shape", [(4,), (4, 1), (4, 3), (2, 4, 2)])
    def test_refuses_other_shapes(self, shape):
        criterion = CustomMSE(torch.ones(2))
        with pytest.raises(ValueError, match=r"must have shape \(N, 2\), got"):
            criterion(torch.zeros(shape), torch.zeros(shape))
        with pytest.raises(ValueError, match=r"must have shape \(N, 2\), got"):
            criterion(torch.zeros(4, 2), torch.zeros(shape))

    @pytest.mark.parametrize("weight", [torch.ones(1, 2), torch.tensor([1, 2])])
    def test_refuses_other_weights(self, weight):
        with pytest.raises(ValueError, match="weight must be floating"):
            CustomMSE(weight)


class TestWeightedCrossEntropy:
    @given(st.integers(0, 10_000), st.integers(1, 12), st.integers(1, 12))
    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    def test_micro_batches_add_up(self, seed, count, size):
        torch.manual_seed(seed)
        z = torch.randn(count, 3, dtype=torch.float64)
        y, w = torch.randint(3, (count,)), torch.rand(3, dtype=torch.float64) + 0.1
        parts = zip(z.split(size), y.split(size), strict=True)
        total = sum(weighted_cross_entropy(a, b, w, count) for a, b in parts)
        torch.testing.assert_close(total, weighted_cross_entropy(z, y, w))

    def test_differs_from_torch_by_the_divisor_only(self):
        torch.manual_seed(0)
        z, y, w = torch.randn(8, 3), torch.randint(3, (8,)), torch.tensor([1.0, 3, 9])
        torch.testing.assert_close(
            weighted_cross_entropy(z, y, w, w[y].sum().item()),
            F.cross_entropy(z, y, weight=w),
        )

    def test_gradcheck(self):
        torch.manual_seed(0)
        z = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
        y, w = torch.tensor([0, 1, 2, 0, 1]), torch.tensor([1.0, 3, 9]).double()
        assert torch.autograd.gradcheck(lambda z: weighted_cross_entropy(z, y, w), (z,))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_extreme_logits(self, dtype):
        z = torch.tensor([[1e4, 0.0], [0.0, 1e4]], dtype=dtype, requires_grad=True)
        w = torch.tensor([1.0, 2.0], dtype=dtype)
        loss = weighted_cross_entropy(z, torch.tensor([1, 1]), w)
        loss.backward()
        assert loss.item() == pytest.approx(1e4, rel=0.01)
        assert z.grad.isfinite().all() and z.grad.abs().max() > 0.9

    def test_refuses(self):
        z, y, w = torch.zeros(4, 3), torch.zeros(4, dtype=torch.int64), torch.ones(3)
        with pytest.raises(ValueError, match=r"got \(4, 3\) and \(4, 1\)"):
            weighted_cross_entropy(z, y[:, None], w)
        with pytest.raises(
            ValueError, match=r"weight must have shape \(3,\), got \(2,\)"
        ):
            weighted_cross_entropy(z, y, w[:2])
        with pytest.raises(ValueError, match="normalizer must be positive, got 0"):
            weighted_cross_entropy(z, y, w, 0)


class TestGradientNorms:
    def test_equals_backward(self):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
        out = model(torch.randn(8, 3))
        losses = [out[:, 0].square().mean(), 7 * out[:, 1].abs().sum()]
        norms = gradient_norms(losses, model.parameters())
        assert all(p.grad is None for p in model.parameters())
        for loss, norm in zip(losses, norms, strict=True):
            model.zero_grad()
            loss.backward(retain_graph=True)
            expected = nn.utils.get_total_norm([p.grad for p in model.parameters()])
            torch.testing.assert_close(norm, expected)

    def test_unreached_parameters_do_not_pull(self):
        a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
        norms = gradient_norms([(3 * a).sum(), b.sum()], [a])
        torch.testing.assert_close(norms, torch.tensor([3 * math.sqrt(2), 0.0]))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_does_not_overflow(self, dtype):
        w = torch.ones(4, dtype=dtype, requires_grad=True)
        norms = gradient_norms([(w * 30000).sum() * 0.5], [w])
        assert norms.item() == pytest.approx(30000, rel=0.01)

    def test_refuses(self):
        w = torch.ones(2, requires_grad=True)
        with pytest.raises(ValueError, match=r"scalars, got shape \(2,\)"):
            gradient_norms([w * 2], [w])
        with pytest.raises(ValueError, match="must not be empty, got 0 and 1"):
            gradient_norms([], [w])
        with pytest.raises(ValueError, match="must not be empty, got 1 and 0"):
            gradient_norms([w.sum()], [])


class TestLearnedWeights:
    @given(st.floats(1e-4, 1e4), st.floats(-5, 5))
    @settings(max_examples=25, deadline=None, database=None, derandomize=True)
    def test_minimum_is_at_the_log_of_the_loss(self, loss, shift):
        criterion = LearnedWeights(1).double()
        losses = torch.tensor([loss], dtype=torch.float64)
        values = []
        for s in (math.log(loss), math.log(loss) + shift):
            criterion.log_variance.data.fill_(s)
            values.append(criterion(losses).item())
        assert values[0] <= values[1] + 1e-12
        assert values[0] == pytest.approx(0.5 + 0.5 * math.log(loss), abs=1e-9)

    def test_gradcheck(self):
        criterion = LearnedWeights(3).double()
        losses = torch.tensor([0.1, 1.0, 30.0], dtype=torch.float64, requires_grad=True)
        s = torch.tensor([0.3, -1.0, 2.0], dtype=torch.float64, requires_grad=True)

        def call(losses, s):
            return torch.func.functional_call(criterion, {"log_variance": s}, losses)

        assert torch.autograd.gradcheck(call, (losses, s))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_finite_for_tiny_and_large_losses(self, dtype):
        criterion = LearnedWeights(2).to(dtype)
        losses = torch.tensor([0.0, 3e4], dtype=dtype, requires_grad=True)
        value = criterion(losses)
        value.backward()
        assert value.isfinite() and criterion.log_variance.grad.isfinite().all()

    def test_refuses(self):
        with pytest.raises(ValueError, match=r"shape \(2,\), got \(3,\)"):
            LearnedWeights(2)(torch.ones(3))
        with pytest.raises(ValueError, match="at least 1, got 0"):
            LearnedWeights(0)


class TestShown:
    def test_cut_gradient_has_all_three_outcomes(self):
        outcome = {row[0]: row[2] for row in rows(cut_gradient)}
        assert outcome["`F.cross_entropy(z, y)`"].startswith("gradient up to")
        assert outcome["`z.sign()`"] == "gradient exactly 0"
        assert outcome["accuracy, `(z.argmax(1) == y).float()`"].startswith("error")

    def test_reductions_name_every_public_loss(self):
        text = reductions.table()
        names = [name[:-4] for name in dir(nn) if name.endswith("Loss")]
        missing = {
            name for name in names if name.removesuffix("WithDistance") not in text
        }
        assert missing == {"AdaptiveLogSoftmaxWith"}  # has none, as the page says

    def test_accumulation(self):
        table = {
            row[0]: [float(cell) for cell in row[1:]] for row in rows(accumulation)
        }
        assert table["1"][0] == pytest.approx(0.75, abs=0.05)  # "three quarters"
        errors = [table[size][0] for size in ("1", "4", "16", "64")]
        assert errors == sorted(errors, reverse=True) and errors[-1] == 0
        assert all(row[1] == row[2] == 0 for row in table.values())

    def test_naive_weight_maximises_and_learned_one_settles(self):
        weights, errors = curves.figure().axes
        naive, learned = (line.get_ydata() for line in weights.lines[:2])
        assert naive[-1] < -9 and min(learned) > 0
        naive_error, learned_error = (line.get_ydata() for line in errors.lines[:2])
        assert naive_error[-1] > 50 * min(naive_error)
        # At the optimum the weight is half the inverse of the error.
        assert 2 * learned[-1] * learned_error[-1] == pytest.approx(1, abs=0.1)
