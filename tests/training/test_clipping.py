"""Clipping against torch and the rules written out, and what its page says."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from snippets.training.clipping import adam_spike, rnn
from snippets.training.clipping.clip_adaptive import clip_adaptive_
from snippets.training.clipping.clip_by_norm import clip_by_norm
from snippets.training.clipping.clip_or_skip import clip_or_skip_
from snippets.training.clipping.norm_history import NormHistory

few = settings(max_examples=30, derandomize=True, deadline=None, database=None)
INF, NAN = float("inf"), float("nan")


def parameters(*shapes, scale=1.0, dtype=torch.float64):
    g = torch.Generator().manual_seed(0)
    made = []
    for shape in shapes:
        p = nn.Parameter(torch.randn(*shape, generator=g, dtype=dtype))
        p.grad = scale * torch.randn(*shape, generator=g, dtype=dtype)
        made.append(p)
    return made


# By norm


@few
@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_by_norm_is_torchs(scale, max_norm):
    ps = parameters((3, 2), (5,), (1,), scale=scale)
    before = [p.grad.clone() for p in ps]
    ours, norm = clip_by_norm([p.grad for p in ps], max_norm)
    assert all(torch.equal(p.grad, b) for p, b in zip(ps, before, strict=True))
    theirs = nn.utils.clip_grad_norm_(ps, max_norm)
    torch.testing.assert_close(norm, theirs)
    torch.testing.assert_close(ours, [p.grad for p in ps])
    flat = torch.cat([g.flatten() for g in before]).norm()
    torch.testing.assert_close(norm, flat)


def test_below_the_limit_nothing_changes():
    grads = [torch.tensor([3.0, 4.0])]
    assert torch.equal(clip_by_norm(iter(grads), 5.1)[0][0], grads[0])


def test_the_small_term_is_1e_6():
    (g,), _ = clip_by_norm([torch.tensor([2e-6]).double()], 1e-6)
    assert g.item() == pytest.approx(2e-6 / 3)


@pytest.mark.parametrize("max_norm", [0.0, -1.0, NAN])
def test_by_norm_refuses(max_norm):
    with pytest.raises(ValueError, match="max_norm must be positive, got"):
        clip_by_norm([torch.ones(2)], max_norm)


# Clip or skip


@few
@given(st.floats(1e-3, 1e3))
def test_or_skip_clips_as_torch(max_norm):
    ours, theirs = (parameters((3, 2), (4,)) for _ in range(2))
    norm, kept = clip_or_skip_(iter(ours), max_norm)
    assert kept and torch.equal(norm, nn.utils.clip_grad_norm_(theirs, max_norm))
    assert all(torch.equal(p.grad, q.grad) for p, q in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("bad", [INF, -INF, NAN])
@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW])
def test_or_skip_leaves_weights_and_state(bad, kind):
    ps = parameters((3, 2), (4,))
    optimizer = kind(ps, lr=0.1)
    before = [p.detach().clone() for p in ps]
    ps[1].grad[2] = bad
    norm, kept = clip_or_skip_(ps, 1.0)
    optimizer.step()
    assert not kept and not norm.isfinite()
    assert all(torch.equal(p, b) for p, b in zip(ps, before, strict=True))
    assert not optimizer.state


def test_or_skip_refuses():
    with pytest.raises(ValueError, match="no parameter has a gradient"):
        clip_or_skip_(nn.Linear(2, 2).parameters(), 1.0)
    with pytest.raises(ValueError, match="max_norm must be positive, got -1"):
        clip_or_skip_(parameters((2,)), -1)


# Adaptive


def test_adaptive_is_the_rule_by_rows():
    ps = parameters((4, 3, 2, 2), (5, 3), (6,), scale=3.0)
    with torch.no_grad():
        ps[1][2] = 0
        ps[1].grad[3] = 0
    grads = [p.grad.clone() for p in ps]
    clip_adaptive_(ps, clipping=0.5, eps=1e-3)
    clipped = 0
    for p, g in zip(ps, grads, strict=True):
        rows = [(p, g, p.grad)]
        if p.ndim > 1:
            rows = list(zip(*(t.unbind() for t in rows[0]), strict=True))
        for w, old, new in rows:
            limit = 0.5 * max(w.norm().item(), 1e-3)
            factor = min(1, limit / max(old.norm().item(), 1e-6))
            torch.testing.assert_close(new, old * factor)
            clipped += factor < 1
    assert 3 < clipped < 10


def test_adaptive_skips_and_refuses():
    clip_adaptive_([nn.Parameter(torch.ones(2))])
    for options in {"clipping": 0.0}, {"eps": -1.0}:
        with pytest.raises(ValueError, match="clipping, eps must be positive"):
            clip_adaptive_(parameters((2,)), **options)


# History


def test_history_keeps_the_last():
    history = NormHistory(window=3)
    for norm in (9.0, 1.0, 2.0, 3.0):
        history.append(torch.tensor(norm))
    assert history.quantile(1.0) == 3 and history.quantile(0.5) == 2
    assert history.share_above(1.5) == pytest.approx(2 / 3)
    assert history.share_above(2.0) == pytest.approx(1 / 3)  # a tie is not clipped


def test_history_counts_what_is_not_finite():
    history = NormHistory()
    for norm in (1.0, INF, NAN, 2.0):
        history.append(torch.tensor(norm, dtype=torch.bfloat16))
    assert history.quantile(1.0) == 2
    assert history.share_above(10.0) == 0.5


def test_history_refuses():
    with pytest.raises(ValueError, match="window must be positive, got 0"):
        NormHistory(0)
    history = NormHistory()
    with pytest.raises(ValueError, match="no finite norm among 0 yet"):
        history.quantile()
    history.append(torch.tensor(NAN))
    with pytest.raises(ValueError, match="no finite norm among 1 yet"):
        history.share_above(1.0)
    with pytest.raises(ValueError, match=r"norm must be a scalar, got shape \(2,\)"):
        history.append(torch.ones(2))
    with pytest.raises(ValueError, match="q must be from 0 to 1, got 90"):
        history.quantile(90)


# What the page says


def test_adam_after_a_spike():
    steps = adam_spike._steps()
    plain, ten, one = steps.T
    after = slice(adam_spike.SPIKE, None)
    assert plain[after].min().item() == pytest.approx(0.126, abs=1e-3)
    assert plain[after].argmin().item() + 1 == 54
    assert plain[-1].item() == pytest.approx(0.24, abs=5e-3)
    assert ten.max().item() == pytest.approx(1.33, abs=5e-3)
    assert ten[after].min().item() == pytest.approx(0.77, abs=5e-3)
    torch.testing.assert_close(one, torch.ones_like(one))
    sums = [s[after].sum().round().item() for s in (plain, ten, one)]
    assert sums == [78, 348, 400]


def test_rnn():
    held, norms, border = rnn._train()
    failed = (~(held < border)).sum(2)
    none, five, one, quarter, value = failed.T
    assert 2 <= none[2] <= 8 and (none[3:] >= 8).all()
    assert five[2] <= 3 and five[3] >= 6 and value[2] <= 3 and value[3] >= 7
    assert one[2] <= 1 and 1 <= one[3] <= 6 and one[0] >= 3
    assert quarter[0] >= 8 and quarter[1] >= 5
    assert quarter[2] <= 1 and quarter[3] <= 1 and quarter[4] <= 5
    best, at = held.median(2).values.min(0)
    assert rnn.RATES[at[3]] == 3 and rnn.RATES[at[2]] == 1
    assert best[3] < 1.1 and best[2] < 1.1 and 1.0 < best[0] < 1.35
    usual = norms[:, 0, 0].flatten()
    assert 1.0 < usual.median() < 1.7 and usual.quantile(0.99) > 12
    assert (norms[:, :, 3] > 0.25).double().mean() > 0.95


def test_the_bound_of_a_step():
    """lr times max_norm without momentum, and over 1 - momentum with it."""
    weight = nn.Parameter(torch.zeros(3))
    for momentum, bound in ((0.0, 0.2), (0.9, 2.0)):
        sgd = torch.optim.SGD([weight], lr=0.1, momentum=momentum)
        longest = 0.0
        for _ in range(200):
            before = weight.detach().clone()
            weight.grad = torch.full((3,), 100.0)
            nn.utils.clip_grad_norm_([weight], 2.0)
            sgd.step()
            longest = max(longest, (weight - before).norm().item())
        assert longest == pytest.approx(bound, rel=1e-3)


def test_weight_decay_is_not_clipped():
    weight = nn.Parameter(torch.full((1,), 100.0))
    sgd = torch.optim.SGD([weight], lr=0.1, weight_decay=1.0)
    weight.grad = torch.tensor([50.0])
    nn.utils.clip_grad_norm_([weight], 1.0)
    sgd.step()
    assert 100 - weight.item() == pytest.approx(0.1 * (1 + 100))


def test_total_norm_of_parameters_is_that_of_weights():
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    weight.grad = torch.ones(2)
    assert nn.utils.get_total_norm([weight]).item() == 5


def test_value_lets_inf_look_healthy():
    weight = nn.Parameter(torch.zeros(3))
    weight.grad = torch.tensor([INF, NAN, 1.0])
    nn.utils.clip_grad_value_([weight], 0.5)
    assert weight.grad[[0, 2]].tolist() == [0.5, 0.5] and weight.grad[1].isnan()


def test_an_empty_list_is_silent():
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0
