"""The language-model losses against torch, loops in float64 and closed forms."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.losses.language import accumulation, bfloat16_chunks, memory, shift
from snippets.losses.language.chunked_cross_entropy import chunked_cross_entropy
from snippets.losses.language.next_token_loss import next_token_loss
from snippets.losses.language.z_loss import z_loss

HALVES = [torch.bfloat16, torch.float16]
few = settings(max_examples=15, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 10**6)


def batch(seed=0, n=3, t=6, v=7, scale=3.0):
    generator = torch.Generator().manual_seed(seed)
    logits = scale * torch.randn(n, t, v, generator=generator, dtype=torch.float64)
    tokens = torch.randint(v, (n, t), generator=generator)
    mask = torch.rand(n, t, generator=generator) < 0.7
    return logits.requires_grad_(), tokens, mask


def by_loop(logits, tokens, mask):
    """Each term written out: minus the log-probability of the following token."""
    terms = []
    for n in range(tokens.shape[0]):
        for t in range(tokens.shape[1] - 1):
            if mask[n, t + 1] and tokens[n, t + 1] != -100:
                z = logits[n, t]
                terms.append(z.exp().sum().log() - z[tokens[n, t + 1]])
    return terms


def gradient(loss, *inputs):
    return torch.autograd.grad(loss, inputs)


# next_token_loss


@few
@given(seeds)
def test_next_token_loss_is_the_loop(seed):
    logits, tokens, mask = batch(seed)
    tokens[0, 3] = -100
    terms = by_loop(logits, tokens, mask)
    total = sum(terms, logits.sum() * 0)
    for reduction, oracle in (("sum", total), ("mean", total / max(len(terms), 1))):
        loss = next_token_loss(logits, tokens, mask, reduction=reduction)
        torch.testing.assert_close(loss, oracle)
        (expected,) = torch.autograd.grad(oracle, logits, retain_graph=True)
        torch.testing.assert_close(gradient(loss, logits)[0], expected)
    each = next_token_loss(logits, tokens, mask, reduction="none")
    assert each.shape == (3, 5)
    torch.testing.assert_close(each.sum(), total)


def test_next_token_loss_reads_the_following_token_only():
    logits, tokens, _ = batch()
    each = next_token_loss(logits, tokens, reduction="none")
    (slope,) = gradient(each[1, 2], logits)
    assert slope.abs().sum(2).nonzero().tolist() == [[1, 2]]
    expected = logits[1, 2].softmax(0) - F.one_hot(tokens[1, 3], 7)
    torch.testing.assert_close(slope[1, 2], expected)


def test_the_first_token_and_the_last_logits_do_not_count():
    logits, tokens, mask = batch()
    loss = next_token_loss(logits, tokens, mask)
    other, flipped = tokens.clone(), mask.clone()
    other[:, 0] = (tokens[:, 0] + 1) % 7
    flipped[:, 0] = ~mask[:, 0]
    assert next_token_loss(logits, other, flipped) == loss
    assert gradient(loss, logits)[0][:, -1].abs().max() == 0


def test_ignore_index_and_normalizer():
    logits, tokens, mask = batch()
    other = tokens.masked_fill(~mask, 3)
    by_value = next_token_loss(logits, other, ignore_index=3)
    torch.testing.assert_close(by_value, next_token_loss(logits, other, other != 3))
    total = next_token_loss(logits, tokens, mask, reduction="sum")
    for normalizer in (10, torch.tensor(10)):
        loss = next_token_loss(logits, tokens, mask, normalizer=normalizer)
        torch.testing.assert_close(loss, total / 10)


def test_no_target_is_zero_not_nan():
    logits, tokens, mask = batch()
    loss = next_token_loss(logits, tokens, torch.zeros_like(mask))
    assert loss == 0 and gradient(loss, logits)[0].abs().max() == 0
    assert F.cross_entropy(logits.flatten(0, 1), tokens.flatten() * 0 - 100).isnan()
    assert next_token_loss(logits[:, :1], tokens[:, :1]) == 0
    assert next_token_loss(logits[:0], tokens[:0]) == 0


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_computed_in_float32(dtype):
    logits, tokens, mask = batch(scale=30.0)
    logits = logits.detach().to(dtype).requires_grad_()
    loss = next_token_loss(logits, tokens, mask)
    assert loss.dtype == torch.float32
    torch.testing.assert_close(loss, next_token_loss(logits.float(), tokens, mask))
    (slope,) = gradient(loss, logits)
    assert slope.dtype == dtype and slope.isfinite().all()
    hidden = torch.randn(6, 4).to(dtype)
    weight, target = torch.randn(5, 4).to(dtype), torch.randint(5, (6,))
    assert chunked_cross_entropy(hidden, weight, target).dtype == torch.float32
    value = z_loss(logits)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, z_loss(logits.float()))


@pytest.mark.parametrize("dtype", [torch.float32, *HALVES])
def test_extreme_logits(dtype):
    huge = 6e4 if dtype == torch.float16 else 1e15
    logits = torch.tensor([[[huge, -huge, 0], [0, 0, 0]]], dtype=dtype).requires_grad_()
    for token in range(3):
        loss = next_token_loss(logits, torch.tensor([[0, token]]))
        assert loss.isfinite() and gradient(loss, logits)[0].isfinite().all()
    loss = z_loss(logits)
    assert loss.isfinite() and gradient(loss, logits)[0].dtype == dtype


def test_gradcheck():
    logits, tokens, mask = batch()
    assert torch.autograd.gradcheck(lambda z: next_token_loss(z, tokens, mask), logits)
    assert torch.autograd.gradcheck(lambda z: z_loss(z, 0.3, mask), logits)
    hidden = torch.randn(7, 3, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([0, 4, -100, 2, 1, 1, 3])
    assert torch.autograd.gradcheck(
        lambda h, w: chunked_cross_entropy(h, w, target, chunk_size=2), (hidden, weight)
    )


LOGITS, TOKENS = torch.zeros(2, 4, 5), torch.zeros(2, 4, dtype=torch.long)
HIDDEN, WEIGHT, TARGET = torch.zeros(6, 3), torch.zeros(5, 3), torch.zeros(6).long()


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: next_token_loss(LOGITS[0], TOKENS),
            r"logits .* \(4, 5\) and \(2, 4\)",
        ),
        (lambda: next_token_loss(LOGITS, TOKENS[:, 1:]), r"\(2, 4, 5\) and \(2, 3\)"),
        (lambda: next_token_loss(LOGITS, TOKENS, TOKENS), "mask must be bool .*int64"),
        (
            lambda: next_token_loss(LOGITS, TOKENS, TOKENS[:, 1:] > 0),
            r"mask .* \(2, 3\)",
        ),
        (lambda: next_token_loss(LOGITS, TOKENS, reduction="avg"), "got 'avg'"),
        (lambda: z_loss(LOGITS, -1.0), "coefficient must not be negative, got -1.0"),
        (lambda: z_loss(LOGITS, math.nan), "coefficient .* got nan"),
        (lambda: z_loss(LOGITS, mask=TOKENS), "mask must be bool .*int64"),
        (lambda: z_loss(LOGITS, mask=TOKENS[0] > 0), r"mask .* \(4,\)"),
        (lambda: z_loss(LOGITS, reduction="avg"), "got 'avg'"),
        (
            lambda: chunked_cross_entropy(LOGITS, WEIGHT, TARGET),
            r"\(2, 4, 5\), \(5, 3\)",
        ),
        (lambda: chunked_cross_entropy(HIDDEN, WEIGHT.T, TARGET), "hidden must be"),
        (lambda: chunked_cross_entropy(HIDDEN, WEIGHT, TARGET[1:]), r"and \(5,\)"),
        (lambda: chunked_cross_entropy(HIDDEN, WEIGHT, TARGET, 0), "positive, got 0"),
        (
            lambda: chunked_cross_entropy(HIDDEN, WEIGHT, TARGET, reduction="avg"),
            "got 'avg'",
        ),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# z_loss


@few
@given(seeds)
def test_z_loss_is_the_formula(seed):
    logits, _, mask = batch(seed)
    oracle = 0.2 * logits.exp().sum(2).log() ** 2
    torch.testing.assert_close(z_loss(logits, 0.2, reduction="none"), oracle)
    torch.testing.assert_close(z_loss(logits, 0.2), oracle.mean())
    masked = z_loss(logits, 0.2, mask, reduction="sum")
    torch.testing.assert_close(masked, oracle[mask].sum())
    mean = z_loss(logits, 0.2, mask)
    torch.testing.assert_close(mean, oracle[mask].sum() / max(mask.sum(), 1))
    log_z = logits.logsumexp(2, keepdim=True)
    expected = 0.4 * log_z * logits.softmax(2) * mask[..., None]
    torch.testing.assert_close(gradient(masked, logits)[0], expected)
    assert z_loss(logits, mask=torch.zeros_like(mask)) == 0


def test_z_loss_default_and_shift():
    logits, tokens, _ = batch()
    torch.testing.assert_close(z_loss(logits), z_loss(logits, 1.0) * 1e-4)
    moved = next_token_loss(logits + 5, tokens)
    torch.testing.assert_close(moved, next_token_loss(logits, tokens))
    assert z_loss(logits + 5) > z_loss(logits)


# The chunked losses: ours, and torch's claims that the page repeats


@few
@given(seeds, st.integers(1, 12))
def test_chunked_is_linear_then_cross_entropy(seed, chunk_size):
    generator = torch.Generator().manual_seed(seed)
    hidden = torch.randn(9, 4, generator=generator, dtype=torch.float64)
    weight = torch.randn(6, 4, generator=generator, dtype=torch.float64)
    target = torch.randint(6, (9,), generator=generator)
    target[seed % 9] = -100
    hidden.requires_grad_(), weight.requires_grad_()
    for reduction in ("mean", "sum", "none"):
        ours = chunked_cross_entropy(
            hidden, weight, target, chunk_size, reduction=reduction
        )
        oracle = F.cross_entropy(hidden @ weight.T, target, reduction=reduction)
        torch.testing.assert_close(ours, oracle)
        scale = torch.arange(1, 10) if reduction == "none" else torch.tensor(2)
        torch.testing.assert_close(
            gradient((scale * ours).sum(), hidden, weight),
            gradient((scale * oracle).sum(), hidden, weight),
        )


def test_chunked_ignores_and_survives_no_target():
    hidden = torch.randn(6, 3, requires_grad=True)
    loss = chunked_cross_entropy(hidden, WEIGHT, TARGET - 100)
    assert loss == 0 and gradient(loss, hidden)[0].abs().max() == 0
    other = chunked_cross_entropy(hidden, WEIGHT + 1, TARGET + 2, ignore_index=2)
    assert other == 0


def test_torchs_linear_cross_entropy_is_equal_in_value_and_gradient():
    hidden, weight, target = memory._data()
    target[::5] = -100
    class_weight = torch.rand(memory.V, generator=torch.manual_seed(1))
    for options in (None, nn.LinearCrossEntropyOptions(batch_chunk_size=60)):
        for extra in ({}, {"weight": class_weight}):
            loss = F.linear_cross_entropy(
                hidden, weight, target, options=options, **extra
            )
            oracle = F.cross_entropy(hidden @ weight.T, target, **extra)
            torch.testing.assert_close(loss, oracle)
            torch.testing.assert_close(
                gradient(loss, hidden, weight), gradient(oracle, hidden, weight)
            )


def test_torchs_options_warn_with_label_smoothing():
    hidden, weight, target = (x[:8] for x in memory._data())
    options = nn.LinearCrossEntropyOptions()
    call = {"options": options, "label_smoothing": 0.1}
    with pytest.warns(UserWarning, match="``options`` ignored"):
        F.linear_cross_entropy(hidden, weight, target % 8, **call)
    with pytest.raises(RuntimeError, match="functorch"):
        torch.func.grad(
            lambda w: F.linear_cross_entropy(hidden, w, target % 8, options=options)
        )(weight.detach())
    retain = nn.LinearCrossEntropyOptions(allow_retain_graph=True)
    loss = F.linear_cross_entropy(hidden, weight, target % 8, options=retain)
    once = gradient_twice(loss, weight)
    torch.testing.assert_close(*once)


def gradient_twice(loss, weight):
    return [torch.autograd.grad(loss, weight, retain_graph=True)[0] for _ in range(2)]


def test_torchs_default_chunk_is_two_rows_on_the_page():
    options = nn.LinearCrossEntropyOptions()
    sizes = {"num_batches": 256, "in_features": 64, "num_classes": 4096}
    found = options._adjust(**sizes, dtype=torch.float32, device=torch.device("cpu"))
    assert found.batch_chunk_size == 2


def test_bfloat16_chunks_are_wrong_only_in_bfloat16():
    rows = [row.split("|")[1:-1] for row in bfloat16_chunks.table().splitlines()[2:]]
    means, exact = [float(row[1]) for row in rows], float(rows[0][3])
    assert abs(means[0] - exact) > 4 and abs(means[-1] - exact) < 0.05
    assert all(abs(float(row[2]) - exact) < 0.02 for row in rows)
    errors = [float(row[4].strip(" %")) for row in rows]
    assert errors == sorted(errors, reverse=True) and errors[0] > 1


# What the figure and the other tables show


def test_entropies_of_the_chain():
    chain = shift._chain()
    for steps in (1, 2):
        ahead = torch.linalg.matrix_power(chain.double(), steps)
        values, vectors = torch.linalg.eig(chain.double().T)
        stationary = vectors[:, values.real.argmax()].real
        stationary = stationary / stationary.sum()
        oracle = torch.distributions.Categorical(ahead).entropy() @ stationary
        assert shift._entropy(chain, steps) == pytest.approx(oracle.item(), abs=1e-4)


def test_shifts_reach_what_the_figure_says():
    once, none, twice = (shift._train(n) for n in (1, 0, 2))
    assert once[0][-1] == pytest.approx(shift._entropy(shift._chain(), 1), abs=0.05)
    assert twice[0][-1] == pytest.approx(shift._entropy(shift._chain(), 2), abs=0.05)
    assert none[0][-1] < 0.02
    assert [round(100 * run[1]) for run in (once, none, twice)] == [49, 3, 3]
    best = shift._chain().max(dim=1).values.mean().item()
    assert once[1] == pytest.approx(best, abs=0.1)


def test_accumulation_by_tokens_is_the_full_batch():
    full = accumulation._gradients(8)
    torch.testing.assert_close(full[2], full[3])
    for size in (1, 2, 4):
        means, exact, wrong, right = accumulation._gradients(size)
        torch.testing.assert_close(right, full[3])
        assert exact == pytest.approx(full[1])
        assert (wrong - full[3]).norm() / full[3].norm() > 0.4
        assert abs(means - exact) < 0.06


def test_memory_table():
    cells = [row.split("|")[1:-1] for row in memory.table().splitlines()[2:]]
    peaks = [float(row[1]) for row in cells]
    logits = memory.N * memory.V * 4 / memory.MIB
    assert peaks[0] == peaks[1] == pytest.approx(3 * logits, rel=0.05)
    assert max(peaks[2:4]) < 0.6 * logits and peaks[4] < 1.2 * logits
    assert [int(row[2]) for row in cells] == [3, 3, 3, 3, 4]
    assert all(row[3].strip() == "yes" for row in cells)
