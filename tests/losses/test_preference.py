"""The preference losses against the papers' formulas in float64 and slow loops."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, log_expit, logit

from snippets.losses.preference import curves, displacement
from snippets.losses.preference.clipped_policy_loss import clipped_policy_loss
from snippets.losses.preference.dpo_loss import dpo_loss
from snippets.losses.preference.ipo_loss import ipo_loss
from snippets.losses.preference.kto_loss import kto_loss
from snippets.losses.preference.odds_ratio_loss import odds_ratio_loss
from snippets.losses.preference.sequence_log_prob import sequence_log_prob

HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
logps = st.floats(-300, 0, allow_subnormal=False)
quadruples = st.lists(st.tuples(logps, logps, logps, logps), min_size=1, max_size=6)


def tensors(rows):
    return [
        x.requires_grad_() for x in torch.tensor(rows, dtype=torch.float64).unbind(1)
    ]


def margin(rows):
    a = torch.tensor(rows, dtype=torch.float64).numpy()
    return (a[:, 0] - a[:, 2]) - (a[:, 1] - a[:, 3])


def same(ours, oracle, **tolerance):
    torch.testing.assert_close(ours.detach(), torch.as_tensor(oracle), **tolerance)


# Against the papers


@few
@given(quadruples, st.floats(0.01, 2), st.floats(0, 0.5))
def test_dpo_is_equation_7(rows, beta, eps):
    inputs, h = tensors(rows), margin(rows)
    oracle = -(1 - eps) * log_expit(beta * h) - eps * log_expit(-beta * h)
    loss = dpo_loss(*inputs, beta=beta, label_smoothing=eps, reduction="none")
    same(loss, oracle)
    slope = beta * (eps * expit(beta * h) - (1 - eps) * expit(-beta * h))
    loss.sum().backward()
    same(inputs[0].grad, slope)
    same(inputs[1].grad, -slope)
    assert inputs[2].grad is None and inputs[3].grad is None
    for reduction, value in (("mean", oracle.mean()), ("sum", oracle.sum())):
        total = dpo_loss(*inputs, beta, eps, reduction)
        same(total, value)


def test_dpo_default_is_beta_one_tenth_without_smoothing():
    h, zero = torch.tensor([7.0]), torch.zeros(1)
    same(dpo_loss(h, zero, zero, zero), torch.tensor(-log_expit(0.7)).float())


@few
@given(quadruples, st.floats(0.01, 2))
def test_ipo_is_equation_17(rows, tau):
    inputs, h = tensors(rows), margin(rows)
    oracle = (h - 1 / tau / 2) ** 2
    loss = ipo_loss(*inputs, tau, reduction="none")
    same(loss, oracle)
    loss.sum().backward()
    same(inputs[0].grad, 2 * h - 1 / tau)
    same(inputs[1].grad, 1 / tau - 2 * h)
    assert inputs[2].grad is None and inputs[3].grad is None
    same(ipo_loss(*inputs, tau), oracle.mean())
    same(ipo_loss(*inputs, tau, "sum"), oracle.sum())


@few
@given(quadruples, st.floats(-5, 50), st.floats(0.01, 2), st.integers(0, 63))
def test_kto_is_the_papers_loss(rows, kl, beta, bits):
    policy, reference, *_ = tensors(rows)
    liked = torch.tensor([bool(bits >> i & 1) for i in range(len(rows))])
    z0 = torch.tensor(kl, dtype=torch.float64, requires_grad=True)
    loss = kto_loss(policy, reference, liked, z0, beta, 2.0, 3.0, reduction="none")
    r = (policy - reference).detach().numpy()
    good = 2.0 * (1 - expit(beta * (r - max(kl, 0))))
    bad = 3.0 * (1 - expit(beta * (max(kl, 0) - r)))
    oracle = torch.where(liked, torch.as_tensor(good), torch.as_tensor(bad))
    same(loss, oracle, atol=1e-12, rtol=1e-6)
    loss.sum().backward()
    assert reference.grad is None and z0.grad is None
    assert (policy.grad[liked] <= 0).all() and (policy.grad[~liked] >= 0).all()
    total = kto_loss(policy, reference, liked, kl, beta, 2.0, 3.0, "sum")
    same(total, oracle.sum(), atol=1e-12, rtol=1e-6)
    mean = kto_loss(policy, reference, liked, kl, beta, 2.0, 3.0)
    same(mean, oracle.mean(), atol=1e-12, rtol=1e-6)


def test_kto_counts_a_negative_divergence_as_zero():
    policy, reference, liked = (
        torch.tensor([-3.0]),
        torch.zeros(1),
        torch.tensor([True]),
    )
    at_zero = kto_loss(policy, reference, liked, 0.0)
    assert kto_loss(policy, reference, liked, -4.0) == at_zero
    assert kto_loss(policy, reference, liked, 4.0) > at_zero


@few
@given(st.lists(st.tuples(st.floats(1e-3, 0.999), st.floats(1e-3, 0.999)), min_size=1))
def test_odds_ratio_is_equation_4(rows):
    p = torch.tensor(rows, dtype=torch.float64)
    chosen, rejected = (x.log().requires_grad_() for x in p.unbind(1))
    oracle = -log_expit(logit(p[:, 0].numpy()) - logit(p[:, 1].numpy()))
    loss = odds_ratio_loss(chosen, rejected, "none")
    same(loss, oracle)
    same(odds_ratio_loss(chosen, rejected), oracle.mean())
    loss.sum().backward()
    # d log odds / d log p = 1 / (1 - p)
    pull = 1 - torch.exp(-torch.as_tensor(oracle))
    same(chosen.grad, -pull / (1 - p[:, 0]))
    same(rejected.grad, pull / (1 - p[:, 1]))


def test_odds_ratio_at_both_ends():
    for dtype in FLOATS:
        p = torch.tensor([-6e4, -100, -1, -1e-3, -1e-7, 0], dtype=dtype)
        if dtype == torch.float16:  # 1 / (1 - p) leaves its range above -1e-4
            p = p.clamp(max=-1e-3)
        for a in p:
            row = a.expand(6).clone().requires_grad_()
            loss = odds_ratio_loss(row, p, "none")
            loss.sum().backward()
            assert loss.isfinite().all() and row.grad.isfinite().all()
    tiny = torch.tensor([-1e-6, -1e-12], dtype=torch.float64)
    oracle = -torch.log(-torch.expm1(tiny)) + tiny
    loss = odds_ratio_loss(
        torch.tensor([math.log(0.5)]).double().expand(2), tiny, "none"
    )
    same(loss, oracle, rtol=1e-5, atol=1e-9)


@few
@given(st.integers(0, 10**6), st.floats(0.05, 0.5))
def test_clipped_policy_loss_is_equation_7(seed, clip):
    g = torch.Generator().manual_seed(seed)
    new, old, advantage = torch.randn(3, 4, 5, generator=g, dtype=torch.float64)
    mask = torch.rand(4, 5, generator=g) < 0.7
    new.requires_grad_()
    loss = clipped_policy_loss(new, old, advantage, mask, clip, "none")
    total = clipped_policy_loss(new, old, advantage, mask, clip, "sum")
    (slope,) = torch.autograd.grad(total, new)
    for i, j in torch.cartesian_prod(torch.arange(4), torch.arange(5)).tolist():
        a, r = advantage[i, j].item(), math.exp(new[i, j].item() - old[i, j].item())
        value = -min(r * a, min(max(r, 1 - clip), 1 + clip) * a)
        outside = r > 1 + clip if a > 0 else r < 1 - clip
        if not mask[i, j]:
            value, outside = 0.0, True
        assert loss[i, j].item() == pytest.approx(value)
        assert slope[i, j].item() == pytest.approx(0.0 if outside else -r * a)
    mean = clipped_policy_loss(new, old, advantage, mask, clip)
    same(mean, loss.detach().sum() / max(mask.sum(), 1))
    assert clipped_policy_loss(new, old, advantage, mask & False) == 0


def test_clipped_policy_loss_cuts_only_what_would_overflow():
    new = torch.tensor([[300.0, -300.0, 15.0]], requires_grad=True)
    zero, a = torch.zeros(1, 3), torch.tensor([[-1.0, 1.0, -1.0]])
    loss = clipped_policy_loss(new, zero, a, reduction="none")
    loss.sum().backward()
    same(loss, torch.tensor([[math.exp(20), -math.exp(-20), math.exp(15)]]))
    assert new.grad.isfinite().all()


# The log-probability of a sequence


@few
@given(st.integers(0, 10**6))
def test_sequence_log_prob_is_the_loop(seed):
    g = torch.Generator().manual_seed(seed)
    logits = 3 * torch.randn(3, 6, 7, generator=g, dtype=torch.float64)
    tokens = torch.randint(7, (3, 6), generator=g)
    mask = torch.rand(3, 6, generator=g) < 0.6
    logits.requires_grad_()
    total = sequence_log_prob(logits, tokens, mask)
    mean = sequence_log_prob(logits, tokens, mask, average=True)
    for n in range(3):
        at = [t for t in range(1, 6) if mask[n, t]]
        terms = [logits[n, t - 1].softmax(0)[tokens[n, t]].log() for t in at]
        oracle = sum(terms, logits.new_zeros(()))
        torch.testing.assert_close(total[n], oracle)
        torch.testing.assert_close(mean[n], oracle / max(len(at), 1))
    (slope,) = torch.autograd.grad(total.sum(), logits)
    counted = torch.cat([mask[:, 1:], mask[:, :1] & False], dim=1)
    assert ((slope.abs().sum(2) > 0) == counted).all()


def test_sequence_log_prob_does_not_see_padding_or_other_rows():
    torch.manual_seed(0)
    logits, tokens = torch.randn(2, 6, 7), torch.randint(7, (2, 6))
    mask = torch.tensor([[0, 0, 1, 1, 0, 0], [0, 1, 1, 1, 1, 1]]).bool()
    before = sequence_log_prob(logits, tokens, mask)
    tokens[0, 4:] = 0
    logits[0, 3:] = 100 * torch.randn(3, 7)
    assert sequence_log_prob(logits, tokens, mask).equal(before)


# What every one of them must do

H, ZERO, YES = torch.zeros(2), torch.zeros(3), torch.tensor([True, False])
LOGITS, TOKENS, GRID = torch.zeros(2, 4, 5), torch.zeros(2, 4).long(), torch.zeros(2, 4)
TABLE = torch.ones(2, 4, dtype=torch.bool)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: dpo_loss(H, H, H, ZERO), r"got \(2,\), \(2,\), \(2,\), \(3,\)"),
        (lambda: dpo_loss(H, H[:, None], H, H), r"got \(2,\), \(2, 1\)"),
        (lambda: dpo_loss(H, H, H, H, beta=0), "beta must be positive and .* got 0"),
        (lambda: dpo_loss(H, H, H, H, label_smoothing=0.6), r"\[0, 0.5\], got 0.6"),
        (lambda: dpo_loss(H, H, H, H, reduction="avg"), "got 'avg'"),
        (lambda: ipo_loss(H, ZERO, H, H), r"got \(2,\), \(3,\)"),
        (lambda: ipo_loss(H, H, H, H, tau=-1), "tau must be positive and .* got -1"),
        (lambda: ipo_loss(H, H, H, H, reduction="avg"), "got 'avg'"),
        (lambda: kto_loss(H, ZERO, YES, 0.0), r"got \(2,\), \(3,\) and \(2,\)"),
        (lambda: kto_loss(H, H, YES.float(), 0.0), "desirable must be bool, got torch"),
        (lambda: kto_loss(H, H, YES, H), r"kl must be a scalar, got shape \(2,\)"),
        (lambda: kto_loss(H, H, YES, 0.0, beta=0), "beta must be positive, got 0"),
        (
            lambda: kto_loss(H, H, YES, 0.0, desirable_weight=math.inf),
            "desirable_weight and .* got inf and 1.0",
        ),
        (
            lambda: kto_loss(H, H, YES, 0.0, undesirable_weight=math.inf),
            "undesirable_weight must be .* got 1.0 and inf",
        ),
        (lambda: kto_loss(H, H, YES, 0.0, reduction="avg"), "got 'avg'"),
        (lambda: odds_ratio_loss(H, ZERO), r"got \(2,\) and \(3,\)"),
        (lambda: odds_ratio_loss(H, H, reduction="avg"), "got 'avg'"),
        (lambda: clipped_policy_loss(GRID, GRID, H), r"\(2, 4\), \(2, 4\), \(2,\)"),
        (lambda: clipped_policy_loss(GRID, GRID, GRID, TOKENS), "bool mask .*int64"),
        (lambda: clipped_policy_loss(GRID, GRID, GRID, clip=1.0), "clip .* got 1.0"),
        (lambda: clipped_policy_loss(GRID, GRID, GRID, reduction="avg"), "got 'avg'"),
        (lambda: sequence_log_prob(LOGITS[0], TOKENS, TABLE), r"logits .* \(4, 5\)"),
        (lambda: sequence_log_prob(LOGITS, TOKENS, TOKENS), "mask must be .*int64"),
        (lambda: sequence_log_prob(LOGITS, TOKENS, TABLE[:1]), r"mask .* \(1, 4\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


PAIRED = [dpo_loss, ipo_loss]


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_computed_in_float32(dtype):
    torch.manual_seed(0)
    four = [-50 * torch.rand(6).to(dtype) for _ in range(4)]
    liked = torch.arange(6) % 2 == 0
    grid = [x.view(2, 3) / 50 for x in four]
    calls = [
        *(lambda x, f=f: f(*x) for f in PAIRED),
        lambda x: kto_loss(x[0], x[1], liked, 0.5),
        lambda x: odds_ratio_loss(x[0] / 50, x[1] / 50),
        lambda x: clipped_policy_loss(*(t.view(2, 3) / 50 for t in x[:3])),
        lambda x: sequence_log_prob(
            x[0].view(1, 3, 2), torch.tensor([[0, 1, 1]]), torch.ones(1, 3).bool()
        ),
    ]
    for call in calls:
        assert call(four).dtype == torch.float32
    for call in calls[:3]:
        same(call(four), call([x.float() for x in four]))
    assert clipped_policy_loss(*grid[:3]).isfinite()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1e2, 2e4])
def test_extreme_margins(dtype, size):
    for sign in (-1, 1):
        h = torch.tensor([sign * size], dtype=dtype, requires_grad=True)
        zero = torch.zeros_like(h)
        losses = [f(h, zero, zero, zero) for f in PAIRED]
        losses += [dpo_loss(h, zero, zero, zero, 10.0, 0.1)]
        losses += [
            kto_loss(h, zero, torch.tensor([flag]), 1e4) for flag in (True, False)
        ]
        for loss in losses:
            (slope,) = torch.autograd.grad(loss, h)
            assert loss.isfinite() and slope.isfinite() and slope.dtype == dtype
    wrong = dpo_loss(torch.tensor([-1e6]), *torch.zeros(3, 1))
    same(wrong, torch.tensor(1e5))


def test_gradcheck():
    torch.manual_seed(0)
    a, b, c, d = (-torch.rand(4, 5, dtype=torch.float64) - 0.1 for _ in range(4))
    a.requires_grad_(), b.requires_grad_()
    liked = torch.arange(5) % 2 == 0
    check = torch.autograd.gradcheck
    assert check(lambda x, y: dpo_loss(x, y, c, d, 2.0, 0.2), (a, b))
    assert check(lambda x, y: ipo_loss(x, y, c, d), (a, b))
    assert check(lambda x: kto_loss(x, c[0], liked, 0.3, 1.0, 2.0), a[0])
    assert check(odds_ratio_loss, (a, b))
    assert check(lambda x: clipped_policy_loss(x, c, d + 0.5), a)
    logits = torch.randn(2, 4, 5, dtype=torch.float64, requires_grad=True)
    assert check(lambda z: sequence_log_prob(z, TOKENS, TABLE, average=True), logits)


# What the figures show


def test_the_curves_end_where_the_alt_text_says():
    at = torch.arange(-20.0, 60.0)
    rest = {name: at[curves._curve(name, at)[0].argmin()] for name in curves.LOSSES}
    assert rest["cDPO, 10 % wrong"] == 22 and rest["IPO, tau 0.02"] == 25
    assert math.log(9) / 0.1 == pytest.approx(21.97, abs=0.01)
    assert rest["DPO, beta 0.1"] == 59
    for name in curves.LOSSES:
        loss, slope = curves._curve(name, torch.zeros(1))
        assert loss == 1 and slope == -1


def test_displacement_is_what_the_figure_says():
    plain, held = displacement._train(0.0), displacement._train(0.3)
    last = {k: v[-1].mean().item() for k, v in plain.items()}
    assert last["loss"] < 0.03
    assert last["chosen"] == pytest.approx(-14, abs=2)
    assert last["rejected"] == pytest.approx(-57, abs=4)
    assert (plain["chosen"][-1] < 0).all()  # in each seed
    assert (held["chosen"][-1] > 0).all()
    assert held["chosen"][-1].mean().item() == pytest.approx(4, abs=1)
    assert held["rejected"][-1].mean().item() == pytest.approx(-29, abs=3)
    assert plain["loss"][0].allclose(torch.tensor(2.0).log())
