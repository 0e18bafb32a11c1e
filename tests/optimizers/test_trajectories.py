"""The runner against optimizers run alone, the surfaces, and what the page says."""

import math

import matplotlib.pyplot as plt
import pytest
import torch
from torch.optim import SGD, Adam

from snippets.optimizers.trajectories import (
    matrix_strip,
    noisy_strip,
    rosenbrock_strip,
    saddle_strip,
    valley_paths,
    valley_strip,
)
from snippets.optimizers.trajectories.candidates import candidates
from snippets.optimizers.trajectories.run_paths import run_paths
from snippets.optimizers.trajectories.strip import strip
from snippets.optimizers.trajectories.surface import surface

RATES = [10 ** (k / 2) for k in range(-6, 3)]


# The runner


@pytest.mark.parametrize("name", [*candidates(), "Muon"])
def test_paths_are_those_of_optimizers_run_alone(name):
    make = candidates(matrix=True)[name]
    loss, start = surface("matrix")
    rates = [0.01, 0.1]
    paths = run_paths(make, loss, start[0], rates, 6)
    assert paths.shape == (2, 7, 8, 8)
    if name == "LBFGS":
        return
    for path, lr in zip(paths, rates, strict=True):
        w = start[0].clone().requires_grad_()
        optimizer = make([w], lr)
        for point in path:
            torch.testing.assert_close(point, w.detach(), rtol=1e-10, atol=1e-12)
            optimizer.zero_grad()
            loss(w).backward()
            optimizer.step()


def test_lbfgs_shows_what_its_closure_was_asked():
    loss, start = surface("rosenbrock")
    asked = []
    w = start[0].clone().requires_grad_()

    def closure():
        asked.append(w.detach().clone())
        optimizer.zero_grad()
        value = loss(w)
        value.backward()
        return value

    optimizer = candidates()["LBFGS"]([w], 0.1)
    optimizer.step(closure)
    path = run_paths(candidates()["LBFGS"], loss, start[0], [0.1], 120)[0]
    torch.testing.assert_close(path[: len(asked)], torch.stack(asked))
    assert torch.equal(path[-1], w.detach())
    short = run_paths(candidates()["LBFGS"], loss, start[0], [0.1], 10)[0]
    torch.testing.assert_close(short[:10], torch.stack(asked[:10]))


def test_a_diverging_rate_leaves_the_others_alone():
    loss, start = surface("valley")
    alone = run_paths(SGD, loss, start[0], [0.01], 900)
    both = run_paths(SGD, loss, start[0], [0.01, 10.0], 900)
    assert torch.equal(alone[0], both[0])
    assert not both[1, -1].isfinite().all()


def test_start_is_kept():
    loss, start = surface("valley")
    before = start.clone()
    run_paths(SGD, loss, start[0], [0.01], 3)
    run_paths(candidates()["LBFGS"], loss, start[0], [0.01], 3)
    assert torch.equal(start, before)


# Surfaces


def test_surfaces():
    turned, _ = surface("valley")
    aligned, _ = surface("aligned")
    for loss, expected in (turned, None), (aligned, torch.tensor([0.4, 20.0])):
        hessian = torch.autograd.functional.hessian(loss, torch.zeros(2).double())
        if expected is not None:
            torch.testing.assert_close(hessian, expected.double().diag())
        else:
            assert hessian[0, 1].abs() > 5
    for name in ("valley", "aligned"):
        loss, start = surface(name)
        assert math.isclose(loss(start[0]).item(), 0.2 * 16 + 10)
    saddle, start = surface("saddle")
    hessian = torch.autograd.functional.hessian(saddle, torch.zeros(2).double())
    torch.testing.assert_close(hessian, torch.tensor([2.0, -1.0]).double().diag())
    assert saddle(torch.tensor([0.0, 0.0])) == 0.25
    assert saddle(torch.tensor([0.0, -1.0])) == 0
    loss, start = surface("matrix")
    hessian = torch.autograd.functional.hessian(loss, start[0]).reshape(64, 64)
    curvature = torch.linalg.eigvalsh(hessian)
    assert math.isclose(curvature[-1] / curvature[0], 1e4, rel_tol=1e-6)


def test_noise_is_unit_normal_the_same_for_all_rates_and_new_in_each_call():
    loss, start = surface("noisy", 4000)
    w = start.expand(3, -1, -1).clone().requires_grad_()
    first, second = (torch.autograd.grad(loss(w).sum(), w)[0] - w for _ in range(2))
    assert torch.allclose(first[0], first[1])
    assert not torch.allclose(first, second)
    assert abs(first.std() - 1) < 0.03 and abs(first.mean()) < 0.03


def test_errors():
    with pytest.raises(ValueError, match="got 'bowl'"):
        surface("bowl")
    loss, start = surface("valley")
    with pytest.raises(ValueError, match=r"got \[\] and 3"):
        run_paths(SGD, loss, start[0], [], 3)
    with pytest.raises(ValueError, match=r"got \[0.1\] and -1"):
        run_paths(SGD, loss, start[0], [0.1], -1)
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match="SGD must have 2 results.*got 1"):
        strip(ax, {"SGD": [1.0]}, [0.1, 1.0], (1e-6, 1e-3, 1e-1))


def test_strip_puts_each_result_where_it_belongs():
    _, ax = plt.subplots()
    values = [1e-7, 1e-4, 1e-2, 0.5, 10.0, 10.1, math.inf, math.nan]
    strip(ax, {"A": values}, [0.1] * 8, (1e-6, 1e-3, 1e-1))
    found = [m.get_offsets()[:, 0].tolist() for m in ax.collections]
    assert found == [[0], [1], [2], [3, 4], [5, 6, 7]]
    assert (ax.get_ylim()[0] > ax.get_ylim()[1]) and ax.get_xlim()[0] < 0
    sizes = [m.get_sizes()[0] for m in ax.collections[:4]]
    assert sizes == sorted(sizes, reverse=True)


# The claims

SWINGING = "momentum 0.9", "Nesterov 0.9"


def failed(values: list[float]) -> list[float]:
    """Rates, to one digit, at which a run failed."""
    return [
        float(f"{lr:.1g}") for lr, v in zip(RATES, values, strict=True) if not v <= 10
    ]


def test_valley():
    turned = valley_strip._results("valley")
    aligned = valley_strip._results("aligned")
    assert failed(turned["SGD"]) == [0.3, 1, 3, 10] == failed(turned["momentum 0.9"])
    assert failed(turned["Nesterov 0.9"]) == [0.1, 0.3, 1, 3, 10]
    assert failed(turned["RAdam"]) == [1, 3, 10]
    assert failed(turned["NAdam"]) == [10]
    for name in ("Adagrad", "Adadelta", "RMSprop", "Adam"):
        assert not failed(turned[name])
    assert max(turned["Rprop"]) < 1e-3 and max(turned["LBFGS"]) < 1e-6
    assert turned["SGD"][4] > 0.5  # bounces at the limit
    for a, b in zip(turned["SGD"][:5], aligned["SGD"][:5], strict=True):
        assert math.isclose(a, b, rel_tol=1e-9)
    for name in ("Adagrad", "RMSprop", "Adam", "Rprop"):
        gain = [math.log(max(v, 1e-30)) for v in turned[name]]
        again = [math.log(max(v, 1e-30)) for v in aligned[name]]
        assert sum(again) < sum(gain) - 5
    # SGD and momentum leave the picture of paths from 0.3 on, Adam and Rprop never.
    loss, start = surface("valley")
    for name in valley_paths.SHOWN:
        make = candidates()[name]
        path = run_paths(make, loss, start[0], valley_paths.RATES, valley_paths.STEPS)
        gone = ~(path[:, -1].abs().amax(1) < 40)
        assert gone.tolist() == [
            name in ("SGD", "momentum 0.9") and i > 4 for i in range(8)
        ]


def test_radam_starts_as_sgd_with_momentum():
    """Five steps that follow the size of the gradient, not the rate alone."""
    loss, start = surface("valley")
    for factor in (1.0, 100.0):
        path = run_paths(
            candidates()["RAdam"], lambda w, f=factor: f * loss(w), start[0], [1e-6], 6
        )
        steps = path.diff(dim=1).norm(dim=-1)[0]
        if factor == 1:
            before = steps
    assert torch.allclose(
        steps[:5] / before[:5], torch.tensor(100.0).double(), rtol=0.01
    )
    assert steps[5] / before[5] < 2


def test_rosenbrock():
    found = rosenbrock_strip._results()
    for name in ("SGD", "momentum 0.9", "RAdam"):
        assert failed(found[name]) == [0.01, 0.03, 0.1, 0.3, 1, 3, 10]
    assert failed(found["Nesterov 0.9"])[0] == 0.003
    for name in ("Adagrad", "Adadelta", "Adam", "NAdam", "Rprop"):
        assert not failed(found[name])
        assert min(found[name]) > 1e-3
    assert max(found["LBFGS"][4:]) < 1e-6
    assert min(found["momentum 0.9"][:2]) < 1e-3


def test_saddle():
    found = saddle_strip._results()
    for value in found["SGD"][2:4]:
        assert abs(value - 0.2) < 0.02  # 0.25 of 1.25
    assert found["SGD"][4] < 1e-3
    assert abs(found["SGD"][6] - 0.8) < 0.02  # 1 of 1.25
    assert failed(found["SGD"]) == [3, 10]
    assert failed(found["momentum 0.9"]) == [1, 3, 10] == failed(found["Nesterov 0.9"])
    assert failed(found["RAdam"]) == [10]
    for name in ("RMSprop", "Adam", "NAdam"):
        assert max(found[name][4:5]) < 1e-3
    assert max(found["Rprop"]) < 1e-3 and max(found["LBFGS"]) < 1e-3
    assert 680 < math.log(1000) / math.log(1.01) < 700
    assert 70 < math.log(1000) / math.log(1.1) < 75


def test_noise():
    found = noisy_strip._results()
    for name in ("SGD", "Adagrad", "RMSprop", "Adam", "NAdam", "RAdam", *SWINGING):
        values = [v if v < 10 else math.inf for v in found[name]]
        best = values.index(min(values))
        assert 0 < best < 8 and 1.5 * values[best] < min(values[0], values[8])
    assert failed(found["SGD"])[0] == failed(found["Nesterov 0.9"])[0] == 3
    assert failed(found["momentum 0.9"])[0] == 10
    assert min(found["Rprop"]) > 0.07 and max(found["Rprop"]) < 0.25
    assert min(found["LBFGS"][:4]) > 0.5
    assert found["momentum 0.9"][4] > 2 * found["SGD"][4]
    assert 0.5 < found["momentum 0.9"][4] / found["SGD"][6] < 2


def test_matrix():
    found = matrix_strip._results()
    muon = found["Muon"]
    assert min(muon) < 5e-3 and muon[4] < muon[6] < muon[7] < muon[8]
    assert muon[2] > 0.2
    assert failed(found["SGD"])[0] == failed(found["Nesterov 0.9"])[0] == 3
    assert failed(found["momentum 0.9"]) == [10] == failed(found["NAdam"])
    momentum = found["momentum 0.9"]
    assert momentum.index(min(momentum)) == 7
    rest = [v for name in found if name != "LBFGS" for v in found[name] if v == v]
    assert min(found["LBFGS"]) < 1e-6 * min(rest)


def test_adamw_without_decay_is_adam():
    loss, start = surface("valley")
    adamw = run_paths(
        lambda p, lr: torch.optim.AdamW(p, lr, weight_decay=0),
        loss,
        start[0],
        [0.1],
        20,
    )
    assert torch.equal(adamw, run_paths(Adam, loss, start[0], [0.1], 20))
