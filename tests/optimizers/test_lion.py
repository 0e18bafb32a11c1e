"""Lion against its rule written out, as an optimizer of torch, and the page's claims."""

import copy
import math

import pytest
import torch
from torch import nn

from snippets.optimizers.lion import batches, noise
from snippets.optimizers.lion.lion import Lion


def seeded(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("betas", [(0.9, 0.99), (0.95, 0.98), (0.0, 0.0)])
@pytest.mark.parametrize("decay", [0.0, 0.5])
@pytest.mark.parametrize("maximize", [False, True])
def test_lion_is_the_rule_of_the_paper(betas, decay, maximize):
    start = seeded(5, 7)
    weight = nn.Parameter(start.clone())
    optimizer = Lion([weight], 0.02, betas, decay, maximize)
    w, m = start.tolist(), [[0.0] * 7 for _ in range(5)]
    for t in range(4):
        weight.grad = seeded(5, 7, seed=t)
        optimizer.step()
        for i in range(5):
            for j in range(7):
                g = weight.grad[i, j].item() * (-1 if maximize else 1)
                c = betas[0] * m[i][j] + (1 - betas[0]) * g
                sign = (c > 0) - (c < 0)
                w[i][j] -= 0.02 * (sign + decay * w[i][j])
                m[i][j] = betas[1] * m[i][j] + (1 - betas[1]) * g
    torch.testing.assert_close(weight.data, torch.tensor(w, dtype=torch.float64))


def test_groups_and_parameters_without_gradient():
    a, b, c = (nn.Parameter(torch.ones(3)) for _ in range(3))
    groups = [{"params": [a], "lr": 0.1, "weight_decay": 0.5}, {"params": [b, c]}]
    optimizer = Lion(groups, lr=0.01)
    a.grad, b.grad = torch.ones(3), -torch.ones(3)
    optimizer.step()
    torch.testing.assert_close(a.data, torch.full((3,), 0.85))
    torch.testing.assert_close(b.data, torch.full((3,), 1.01))
    assert c.eq(1).all() and c not in optimizer.state


def test_state_dict_goes_round():
    a = nn.Parameter(torch.ones(4))
    one = Lion([a], lr=0.01)
    a.grad = torch.tensor([1.0, -1, 2, -3])
    one.step()
    b = nn.Parameter(a.detach().clone())
    two = Lion([b], lr=0.5)
    two.load_state_dict(copy.deepcopy(one.state_dict()))
    b.grad = a.grad = torch.tensor([-0.05, 0.05, -0.1, 9.0])  # m decides for three
    one.step()
    two.step()
    assert a.equal(b)
    assert torch.equal(one.state[a]["exp_avg"], two.state[b]["exp_avg"])


def test_closure_runs_with_gradients_and_its_loss_comes_back():
    weight = nn.Parameter(torch.tensor([2.0]))
    optimizer = Lion([weight], lr=0.5)

    def closure():
        optimizer.zero_grad()
        loss = (weight**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    assert weight.item() == 1.5
    assert Lion([weight]).step() is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_dtypes(dtype):
    weight = nn.Parameter(torch.ones(3, dtype=dtype))
    optimizer = Lion([weight], lr=0.125)
    weight.grad = torch.tensor([1.0, -1, 0], dtype=dtype)
    optimizer.step()
    assert weight.tolist() == [0.875, 1.125, 1.0]
    assert optimizer.state[weight]["exp_avg"].dtype == dtype


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr must not be negative, got -1.0"),
        ({"betas": (1.0, 0.9)}, r"betas must be .* got \(1.0, 0.9\)"),
        ({"betas": (0.9, -0.1)}, "betas must be"),
        ({"weight_decay": -0.1}, "weight_decay must not be negative, got -0.1"),
    ],
)
def test_refuses(options, message):
    with pytest.raises(ValueError, match=message):
        Lion([nn.Parameter(torch.ones(1))], **options)


def test_refuses_sparse_and_complex():
    weight = nn.Parameter(torch.ones(3))
    weight.grad = torch.ones(3).to_sparse()
    with pytest.raises(RuntimeError, match="dense gradients of real"):
        Lion([weight]).step()
    weight = nn.Parameter(torch.ones(3, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    with pytest.raises(RuntimeError, match="dense gradients of real"):
        Lion([weight]).step()


def test_the_gradient_is_left_as_it_was():
    weight = nn.Parameter(torch.ones(3))
    g = torch.tensor([3.0, -2.0, 0.0])
    weight.grad = g.clone()
    Lion([weight], maximize=True).step()
    assert weight.grad.equal(g)


# What the page says


def test_noise_shrinks_the_steps_of_adamw_only():
    adamw, lion = noise._step_sizes(torch.optim.AdamW), noise._step_sizes(Lion)
    assert math.sqrt(0.1 / 1.9) == pytest.approx(0.23, abs=0.005)
    assert adamw[0].item() == pytest.approx(0.23, abs=0.02)
    assert all(
        size > 0.94 for s, size in zip(noise.SIGNALS, adamw, strict=True) if s >= 3
    )
    torch.testing.assert_close(lion, torch.ones_like(lion), atol=1e-3, rtol=0)


def crossing(loss, level):
    """The rate at which a falling curve reaches a level."""
    x = [math.log10(rate) for rate in batches.RATES]
    i = next(i for i, value in enumerate(loss) if value < level)
    part = (loss[i - 1] - level) / (loss[i - 1] - loss[i])
    return 10 ** (x[i - 1] + part * (x[i] - x[i - 1]))


@pytest.mark.parametrize(("batch", "level"), [(4, 1.7), (32, 1.0)])
def test_small_shift_and_equal_best_losses_in_a_short_run(batch, level):
    adamw, lion = (batches._losses(name, batch) for name in ("AdamW", "Lion"))
    assert 1.1 < crossing(adamw.mean(1), level) / crossing(lion.mean(1), level) < 2.3
    best = [loss[loss.mean(1).argmin()] for loss in (adamw, lion)]
    difference = best[1] - best[0]
    assert difference.mean().abs() < 2.36 * difference.std() / 8**0.5 + 0.05
