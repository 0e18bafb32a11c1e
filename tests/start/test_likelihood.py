"""The likelihood page's snippets: equal to torch, bounded, safe, and refusing."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions as D
from torch.nn import functional as F

from snippets.start.likelihood import densities, family, unbounded_scores
from snippets.start.likelihood.error_loss import error_loss
from snippets.start.likelihood.info_nce import info_nce
from snippets.start.likelihood.negative_log_likelihood import negative_log_likelihood
from snippets.start.likelihood.negative_sampling import negative_sampling
from snippets.start.likelihood.pairwise_logistic import pairwise_logistic

HALVES = [torch.float32, torch.bfloat16, torch.float16]
few = settings(max_examples=25, deadline=None, database=None, derandomize=True)


def double(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


class TestErrorLoss:
    @given(st.floats(-30, 30))
    @few
    def test_equals_log_cosh(self, error):
        e = torch.tensor(error, dtype=torch.float64)
        expected = math.log(math.cosh(error))
        assert error_loss(e, torch.zeros_like(e)).item() == pytest.approx(
            expected, abs=1e-12
        )

    def test_plus_log_pi_is_a_density(self):
        e = torch.linspace(-40, 40, 80_001, dtype=torch.float64)
        each = torch.vmap(error_loss)(e, torch.zeros_like(e))
        area = torch.trapezoid((-(each + math.log(math.pi))).exp(), e)
        assert area.item() == pytest.approx(1, abs=1e-9)

    def test_gradcheck(self):
        torch.manual_seed(0)
        assert torch.autograd.gradcheck(error_loss, (double(3, 2), double(3, 2)))

    @pytest.mark.parametrize("dtype", HALVES)
    @pytest.mark.parametrize("size", [1e4, -1e4])
    def test_extremes(self, dtype, size):
        output = torch.tensor([size], dtype=dtype, requires_grad=True)
        loss = error_loss(output, torch.zeros(1, dtype=dtype))
        loss.backward()
        assert loss.item() == pytest.approx(1e4, rel=0.01)
        assert output.grad.item() == pytest.approx(math.copysign(1, size))

    def test_returns_a_real_scalar_and_refuses(self):
        loss = error_loss(torch.zeros(4, 3), torch.ones(4, 3))
        assert loss.ndim == 0 and loss.is_floating_point()
        with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4,\)"):
            error_loss(torch.zeros(4, 1), torch.zeros(4))
        with pytest.raises(TypeError, match="floating, got torch.int64"):
            error_loss(torch.zeros(4, dtype=torch.int64), torch.zeros(4))


class TestNegativeLogLikelihood:
    def test_events_with_a_shape(self):
        torch.manual_seed(0)
        mean, target = torch.randn(5, 3), torch.randn(5, 3)
        joint = D.Independent(D.Normal(mean, 1.0), 1)
        loss = negative_log_likelihood(joint, target)
        expected = 0.5 * (mean - target).square().sum(1).mean() + 1.5 * math.log(
            2 * math.pi
        )
        torch.testing.assert_close(loss, expected)

    def test_gradcheck(self):
        torch.manual_seed(0)
        target = torch.randn(4, dtype=torch.float64)

        def call(mean, raw):
            return negative_log_likelihood(D.Normal(mean, F.softplus(raw)), target)

        assert torch.autograd.gradcheck(call, (double(4), double(4)))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_extreme_logits(self, dtype):
        logits = torch.tensor([1e4, -1e4], dtype=dtype, requires_grad=True)
        prediction = D.Bernoulli(logits=logits)
        loss = negative_log_likelihood(prediction, torch.tensor([0, 1], dtype=dtype))
        loss.backward()
        assert loss.item() == pytest.approx(1e4, rel=0.01)
        assert logits.grad.abs().tolist() == [0.5, 0.5]

    def test_refuses_what_log_prob_would_broadcast(self):
        prediction = D.Normal(torch.zeros(4, 1), 1.0)
        assert prediction.log_prob(torch.zeros(4)).shape == (4, 4)
        with pytest.raises(ValueError, match=r"shape \(4, 1\), got \(4,\)"):
            negative_log_likelihood(prediction, torch.zeros(4))


class TestNegativeSampling:
    @given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 9))
    @few
    def test_equals_bce_with_implicit_targets(self, seed, p, n):
        torch.manual_seed(seed)
        positive, negative = 3 * double(p), 3 * double(n)
        logits = torch.cat([positive, negative])
        target = torch.cat([torch.ones(p), torch.zeros(n)]).double()
        share = torch.cat([torch.full((p,), 1 / p), torch.full((n,), 1 / n)]).double()
        for reduction, weight in (("sum", None), ("mean", share)):
            bce = F.binary_cross_entropy_with_logits(
                logits, target, weight, reduction="sum"
            )
            ours = negative_sampling(positive, negative, reduction)
            torch.testing.assert_close(ours, bce, rtol=1e-6, atol=1e-9)
            assert ours >= 0

    def test_gradcheck(self):
        torch.manual_seed(0)
        assert torch.autograd.gradcheck(negative_sampling, (double(3), double(2, 2)))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_extremes(self, dtype):
        positive = torch.tensor([-1e4, 1e4], dtype=dtype, requires_grad=True)
        negative = torch.tensor([1e4, -1e4], dtype=dtype, requires_grad=True)
        loss = negative_sampling(positive, negative)
        loss.backward()
        assert loss.item() == pytest.approx(1e4, rel=0.01)
        assert positive.grad.tolist() == [-0.5, 0]
        assert negative.grad.tolist() == [0.5, 0]

    def test_refuses(self):
        scores = torch.zeros(3)
        with pytest.raises(ValueError, match=r"negative must not be empty, got \(0,\)"):
            negative_sampling(scores, scores[:0])
        with pytest.raises(
            TypeError, match="positive must be floating, got torch.int64"
        ):
            negative_sampling(scores.long(), scores)
        with pytest.raises(ValueError, match="'sum', got 'none'"):
            negative_sampling(scores, scores, "none")


class TestInfoNCE:
    def test_separated_pairs_cost_nothing_and_shuffled_ones_do(self):
        keys = torch.eye(8)
        assert info_nce(keys, keys) < 1e-5
        assert info_nce(keys, keys.roll(1, dims=0)) > 14

    def test_length_of_the_embeddings_does_not_matter(self):
        torch.manual_seed(0)
        q, k = torch.randn(2, 6, 4)
        torch.testing.assert_close(info_nce(q, k), info_nce(100 * q, 0.01 * k))

    def test_gradcheck(self):
        torch.manual_seed(0)
        assert torch.autograd.gradcheck(
            lambda q, k: info_nce(q, k, 0.5), (double(4, 3), double(4, 3))
        )

    @pytest.mark.parametrize("dtype", HALVES)
    def test_extreme_temperature(self, dtype):
        torch.manual_seed(0)
        q = torch.eye(4).to(dtype).requires_grad_()
        loss = info_nce(q, q.detach().roll(1, dims=0), 1e-3)
        loss.backward()
        assert loss.item() == pytest.approx(1e3, rel=0.01)
        assert q.grad.isfinite().all()

    def test_refuses(self):
        with pytest.raises(ValueError, match=r"got \(4, 3\) and \(5, 3\)"):
            info_nce(torch.ones(4, 3), torch.ones(5, 3))
        with pytest.raises(ValueError, match="must both have shape"):
            info_nce(torch.ones(4), torch.ones(4))
        with pytest.raises(ValueError, match="temperature must be positive, got 0"):
            info_nce(torch.ones(4, 3), torch.ones(4, 3), 0)


class TestPairwiseLogistic:
    def test_only_differences_count(self):
        torch.manual_seed(0)
        better, worse = torch.randn(2, 9, dtype=torch.float64)
        torch.testing.assert_close(
            pairwise_logistic(better, worse), pairwise_logistic(better + 50, worse + 50)
        )
        assert pairwise_logistic(worse, worse).item() == pytest.approx(math.log(2))

    def test_gradcheck(self):
        torch.manual_seed(0)
        assert torch.autograd.gradcheck(pairwise_logistic, (double(5), double(5)))

    @pytest.mark.parametrize("dtype", HALVES)
    def test_extremes(self, dtype):
        better = torch.tensor([-1e4, 1e4], dtype=dtype, requires_grad=True)
        loss = pairwise_logistic(better, torch.zeros(2, dtype=dtype))
        loss.backward()
        assert loss.item() == pytest.approx(5e3, rel=0.01)
        assert better.grad.tolist() == [-0.5, 0]

    def test_refuses(self):
        with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4,\)"):
            pairwise_logistic(torch.zeros(4, 1), torch.zeros(4))


class TestShown:
    def test_family_holds_for_every_row(self):
        rows = family.table().splitlines()[2:]
        assert len(rows) == 9
        assert all(row.endswith("| < 1e-12 |") for row in rows)

    def test_densities_at_five(self):
        normal, laplace, huber = densities.figure().axes[0].lines
        for line, expected in ((normal, D.Normal(0, 1)), (laplace, D.Laplace(0, 1))):
            e, p = map(torch.from_numpy, line.get_data())
            wanted = expected.log_prob(e).exp()
            torch.testing.assert_close(p, wanted, rtol=1e-5, atol=0)
        assert huber.get_ydata()[0] > 1000 * normal.get_ydata()[0]

    def test_difference_runs_away_linearly_and_likelihood_settles(self):
        losses, norms = unbounded_scores.figure().axes
        (wild, settled), (wild_norm, settled_norm) = (
            [line.get_ydata() for line in ax.lines[:2]] for ax in (losses, norms)
        )
        assert wild_norm[1999] == pytest.approx(2 * wild_norm[999], rel=0.01)
        assert (
            wild[1999] == pytest.approx(2 * wild[999], rel=0.01) and wild[1999] < -500
        )
        assert settled_norm[1999] == pytest.approx(settled_norm[999], rel=0.01)
        assert 0 < settled[1999] <= settled[999] + 1e-6
