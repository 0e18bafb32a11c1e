"""Ways to combine losses against closed forms, slow loops and each other."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.losses.multitask import comparison, conflict, diverges, toy_training
from snippets.losses.multitask.grad_norm import GradNorm
from snippets.losses.multitask.gradient_cosines import gradient_cosines
from snippets.losses.multitask.masked_mean_loss import masked_mean_loss
from snippets.losses.multitask.pcgrad import pcgrad
from snippets.losses.multitask.running_mean_scale import RunningMeanScale
from snippets.losses.multitask.uncertainty_weights import UncertaintyWeights
from snippets.start.criterion.gradient_norms import gradient_norms
from snippets.start.criterion.learned_weights import LearnedWeights

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
positive = st.floats(1e-6, 1e6)
HALVES = [torch.bfloat16, torch.float16]


def linear(rows, parameter):
    """Losses whose gradients are the rows."""
    return [(torch.as_tensor(row) * parameter).sum() for row in rows]


# Uncertainty weighting


@few
@given(st.lists(positive, min_size=1, max_size=5), st.floats(-9, 9))
def test_uncertainty_is_the_formula(values, s):
    kinds = [("regression", "classification")[i % 2] for i in range(len(values))]
    criterion = UncertaintyWeights(kinds).double()
    nn.init.constant_(criterion.log_variance, s)
    losses = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    total = criterion(losses)
    sigma = math.exp(s / 2)
    weights = [
        1 / (2 * sigma**2) if i % 2 == 0 else 1 / sigma**2 for i in range(len(values))
    ]
    expected = sum(
        w * v + math.log(sigma) for w, v in zip(weights, values, strict=True)
    )
    assert total.item() == pytest.approx(expected, rel=1e-9, abs=1e-9)
    total.backward()
    torch.testing.assert_close(
        losses.grad, torch.tensor(weights).double(), rtol=1e-6, atol=0
    )
    torch.testing.assert_close(criterion.weights(), losses.grad)
    slope = [0.5 - w * v for w, v in zip(weights, values, strict=True)]
    torch.testing.assert_close(
        criterion.log_variance.grad, torch.tensor(slope).double(), rtol=1e-5, atol=1e-6
    )


def test_uncertainty_of_regressions_is_learned_weights():
    losses = torch.tensor([0.3, 2.0, 50.0])
    assert UncertaintyWeights(["regression"] * 3)(losses) == LearnedWeights(3)(losses)


@few
@given(positive, positive)
def test_uncertainty_starts_where_it_settles(a, b):
    criterion = UncertaintyWeights(["regression", "classification"], [a, b])
    losses = torch.tensor([a, b])
    torch.testing.assert_close(criterion.weights(), 0.5 / losses)
    criterion(losses).backward()
    assert criterion.log_variance.grad.abs().max() < 1e-5
    assert UncertaintyWeights(["regression"]).log_variance.item() == 0
    assert UncertaintyWeights(["classification"]).log_variance.item() == 0


def test_uncertainty_gradcheck_and_halves():
    criterion = UncertaintyWeights(["regression", "classification"]).double()
    losses = torch.tensor([0.7, 3.0], dtype=torch.float64, requires_grad=True)
    s = torch.tensor([0.3, -1.0], dtype=torch.float64, requires_grad=True)

    def call(losses, s):
        return torch.func.functional_call(criterion, {"log_variance": s}, losses)

    assert torch.autograd.gradcheck(call, (losses, s))
    for dtype in HALVES:
        half = torch.tensor([6e4, 0.5], dtype=dtype)
        total = UncertaintyWeights(["regression"] * 2)(half)
        assert total.dtype == torch.float32
        assert total == half.float().sum() / 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), r"kinds must name .* for each task, got \[\]"),
        ((["regresion"],), r"kinds must name .* got \['regresion'\]"),
        ((["regression"], [0.0]), r"start must be 1 positive numbers, got \[0.0\]"),
        ((["regression"], [1.0, 2.0]), "start must be 1 positive numbers"),
        ((["regression"], [math.nan]), "start must be 1 positive numbers"),
    ],
)
def test_uncertainty_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        UncertaintyWeights(*arguments)


# Running mean


@few
@given(st.lists(positive, min_size=1, max_size=6), st.floats(0, 0.99))
def test_running_mean_is_a_weighted_mean(values, decay):
    criterion = RunningMeanScale(1, decay=decay).double()
    for i, value in enumerate(values):
        loss = torch.tensor([value], dtype=torch.float64, requires_grad=True)
        total = criterion(loss)
        shares = [decay ** (i - j) for j in range(i + 1)]
        mean = sum(w * v for w, v in zip(shares, values[: i + 1], strict=True)) / sum(
            shares
        )
        assert total.item() == pytest.approx(value / mean, rel=1e-6)
        (slope,) = torch.autograd.grad(total, loss)
        assert slope.item() == pytest.approx(1 / mean, rel=1e-6)


def test_running_mean_in_eval_mode_and_saved():
    criterion = RunningMeanScale(2)
    with pytest.raises(ValueError, match="must be seen in training mode"):
        criterion.eval()(torch.ones(2))
    criterion.train()(torch.tensor([2.0, 8.0]))
    criterion.eval()
    assert criterion(torch.tensor([1.0, 4.0])) == criterion(torch.tensor([1.0, 4.0]))
    torch.testing.assert_close(criterion(torch.tensor([1.0, 4.0])), torch.tensor(1.0))
    copy = RunningMeanScale(2).eval()
    copy.load_state_dict(criterion.state_dict())
    torch.testing.assert_close(copy(torch.tensor([2.0, 8.0])), torch.tensor(2.0))
    assert list(criterion.parameters()) == []


def test_running_mean_zero_and_halves():
    loss = torch.zeros(1, requires_grad=True)
    total = RunningMeanScale(1)(loss)
    total.backward()
    assert total == 0 and loss.grad.isfinite().all()
    for dtype in HALVES:
        total = RunningMeanScale(2)(torch.tensor([6e4, 6e4], dtype=dtype))
        assert total.dtype == torch.float32 and total == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"count": 1, "decay": 1.0}, r"decay must be in \[0, 1\), got 1.0"),
        ({"count": 1, "eps": 0.0}, "eps must be positive, got 0.0"),
    ],
)
def test_running_mean_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        RunningMeanScale(**arguments)


def test_shapes_are_refused():
    wrong, theta = torch.ones(3), torch.ones(1, requires_grad=True)
    message = r"losses must have shape \(2,\), got \(3,\)"
    for call in (
        lambda: UncertaintyWeights(["regression"] * 2)(wrong),
        lambda: RunningMeanScale(2)(wrong),
        lambda: GradNorm(2)(wrong, [theta]),
    ):
        with pytest.raises(ValueError, match=message):
            call()


# GradNorm


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_grad_norm_zeroes_the_papers_loss(alpha):
    theta = torch.tensor([1.0, -2.0], requires_grad=True)
    other = torch.tensor([0.5], requires_grad=True)

    def losses():
        return torch.stack(
            [
                (theta[0] + 1) ** 2 + other[0] ** 2,
                50 * (theta**2).sum(),
                theta[1].exp() + 3,
            ]
        )

    criterion = GradNorm(3, alpha=alpha, rate=1.0)
    first = losses().detach()
    criterion(losses(), [theta, other])
    with torch.no_grad():
        theta += torch.tensor([0.3, 0.4])
    now = losses()
    total = criterion(now, [theta, other])
    w = criterion.weights
    assert w.sum().item() == pytest.approx(3, abs=1e-5) and (w > 0).all()
    torch.testing.assert_close(total, (w * now).sum())
    pulls = w * gradient_norms(list(now), [theta, other])
    ratio = now.detach() / first
    goal = pulls.mean() * (ratio / ratio.mean()) ** alpha
    torch.testing.assert_close(pulls, goal, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(criterion.first, first)


def test_grad_norm_goes_part_of_the_way_and_stays_in_eval():
    theta = torch.tensor([1.0], requires_grad=True)
    criterion = GradNorm(2, alpha=0.0, rate=0.5)
    losses = torch.stack(linear([[1.0], [100.0]], theta))
    criterion(losses, [theta])
    ratio = criterion.weights[0] / criterion.weights[1]
    assert ratio.item() == pytest.approx(10, rel=1e-5)  # half of 100 in logarithms
    before = criterion.weights.clone()
    criterion.eval()(losses, [theta])
    assert criterion.weights.equal(before)
    assert set(criterion.state_dict()) == {"weights", "first"}


def test_grad_norm_leaves_the_graph_usable():
    theta = torch.tensor([1.0], requires_grad=True)
    criterion = GradNorm(2)
    totals = [
        criterion(torch.stack(linear([[1.0], [9.0]], theta)), [theta]) for _ in range(2)
    ]
    sum(totals).backward()
    assert theta.grad.isfinite().all()


def test_grad_norm_refuses():
    theta = torch.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="losses must all reach parameters"):
        GradNorm(2)(torch.stack(linear([[1.0], [0.0]], theta)), [theta])
    for arguments, message in (
        ({"count": 0}, "count must be at least 1, got 0"),
        ({"count": 1, "alpha": -1.0}, "alpha must not be negative, got -1.0"),
        ({"count": 1, "rate": 0.0}, r"rate must be in \(0, 1\], got 0.0"),
    ):
        with pytest.raises(ValueError, match=message):
            GradNorm(**arguments)


# PCGrad and cosines


def slow_pcgrad(gradients, generator):
    out = []
    for i, own in enumerate(gradients):
        g = own.clone()
        for j in torch.randperm(len(gradients), generator=generator).tolist():
            if j != i:
                c = (g * gradients[j]).sum().item()
                n = gradients[j].square().sum().item()
                if c < 0:
                    g = g - c / n * gradients[j]
        out.append(g)
    return sum(out)


@few
@given(st.integers(0, 10**6), st.integers(1, 4))
def test_pcgrad_is_the_loop(seed, tasks):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(tasks, 6, generator=generator, dtype=torch.float64)
    a = torch.zeros(2, 2, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    flat = torch.cat([a.flatten(), b])
    combined = pcgrad(linear(rows, flat), [a, b], torch.Generator().manual_seed(seed))
    assert [g.shape for g in combined] == [a.shape, b.shape] and a.grad is None
    expected = slow_pcgrad(rows, torch.Generator().manual_seed(seed))
    torch.testing.assert_close(torch.cat([g.flatten() for g in combined]), expected)


def test_pcgrad_two_tasks_oppose_neither_and_the_order_matters_for_three():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(2, 5, generator=generator)
    rows[1] -= 2 * rows[0]
    theta = torch.zeros(5, requires_grad=True)
    (g,) = pcgrad(linear(rows, theta), [theta])
    assert (rows @ g > 0).all()
    rows = torch.tensor([[1.0, 0.0], [-1.0, 1.0], [-1.0, -0.2]])
    theta = torch.zeros(2, requires_grad=True)
    results = {
        tuple(
            pcgrad(linear(rows, theta), [theta], torch.Generator().manual_seed(i))[0]
            .round(decimals=3)
            .tolist()
        )
        for i in range(8)
    }
    assert len(results) > 1


def test_pcgrad_exact_opposition_cancels_and_unused_is_zero():
    theta, other = torch.zeros(2, requires_grad=True), torch.ones(1, requires_grad=True)
    rows = torch.tensor([[1.0, 2.0], [-3.0, -6.0]])
    g, rest = pcgrad(linear(rows, theta), [theta, other])
    torch.testing.assert_close(g, torch.zeros(2), rtol=0, atol=1e-6)
    assert rest.tolist() == [0.0]


def test_pcgrad_half():
    theta = torch.zeros(2, dtype=torch.float16, requires_grad=True)
    rows = torch.tensor([[300.0, 0.0], [-300.0, 300.0]], dtype=torch.float16)
    (g,) = pcgrad(linear(rows, theta), [theta])
    assert g.dtype == torch.float16 and g.tolist() == [150.0, 450.0]


@few
@given(st.integers(0, 10**6), st.floats(-12, 12))
def test_cosines_are_torchs(seed, power):
    generator = torch.Generator().manual_seed(seed)
    rows = torch.randn(3, 5, generator=generator)
    theta = torch.zeros(5, requires_grad=True)
    scaled = rows * torch.tensor([[10.0**power], [1.0], [1.0]])
    ours = gradient_cosines(linear(scaled, theta), [theta])
    torch.testing.assert_close(
        ours, F.cosine_similarity(rows[:, None], rows, dim=2), rtol=1e-4, atol=1e-5
    )
    assert not ours.requires_grad and theta.grad is None


@pytest.mark.parametrize("function", [pcgrad, gradient_cosines])
def test_losses_are_refused(function):
    theta = torch.ones(2, requires_grad=True)
    with pytest.raises(ValueError, match="must not be empty, got 0 and 1"):
        function([], [theta])
    with pytest.raises(ValueError, match="must not be empty, got 1 and 0"):
        function([theta.sum()], [])
    with pytest.raises(ValueError, match=r"losses must be scalars, got shape \(2,\)"):
        function([theta * 2], [theta])


# Missing labels


@few
@given(
    st.integers(0, 10**6),
    st.sampled_from(
        [F.mse_loss, F.l1_loss, F.huber_loss, F.binary_cross_entropy_with_logits]
    ),
)
def test_masked_mean_is_the_loop(seed, loss):
    generator = torch.Generator().manual_seed(seed)
    prediction = torch.randn(7, 3, generator=generator, dtype=torch.float64)
    target = torch.rand(7, 3, generator=generator, dtype=torch.float64)
    missing = torch.rand(7, 3, generator=generator) < 0.5
    target[missing] = math.nan
    ours = prediction.clone().requires_grad_()
    theirs = prediction.clone().requires_grad_()
    means = masked_mean_loss(ours, target, loss)
    expected = torch.stack(
        [
            loss(theirs[~missing[:, t], t], target[~missing[:, t], t])
            if not missing[:, t].all()
            else theirs.sum() * 0
            for t in range(3)
        ]
    )
    torch.testing.assert_close(means, expected)
    means.sum().backward()
    expected.sum().backward()
    torch.testing.assert_close(ours.grad, theirs.grad)


def test_masked_mean_edges():
    nan = math.nan
    prediction = torch.tensor([[nan, math.inf], [1.0, 2.0]], requires_grad=True)
    target = torch.tensor([[nan, nan], [3.0, nan]])
    means = masked_mean_loss(prediction, target)
    assert means.tolist() == [4.0, 0.0]
    means.sum().backward()
    assert prediction.grad.tolist() == [[0.0, 0.0], [-4.0, 0.0]]
    assert masked_mean_loss(torch.zeros(0, 2), torch.zeros(0, 2)).tolist() == [0, 0]
    for dtype in HALVES:
        big = torch.full((1, 1), 512.0, dtype=dtype)
        mean = masked_mean_loss(big, torch.zeros_like(big))
        assert mean.dtype == torch.float32 and mean.item() == 512**2
    x = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    y = torch.tensor([[1.0, nan], [nan, nan], [0.5, 2.0]], dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: masked_mean_loss(x, y), x)
    with pytest.raises(ValueError, match=r"same shape \(N, T\), got \(3,\) and \(3,\)"):
        masked_mean_loss(torch.zeros(3), torch.zeros(3))
    with pytest.raises(ValueError, match=r"got \(3, 1\) and \(3, 2\)"):
        masked_mean_loss(torch.zeros(3, 1), torch.zeros(3, 2))


# What the page's figures say


@pytest.fixture(scope="module")
def errors():
    return comparison._errors()


def test_comparison_numbers(errors):
    shown = {
        "one network a task": (0.15, 0.43),
        "tuned sum": (0.15, 0.29),
        "sum": (0.65, 0.43),
        "equal units": (0.17, 0.36),
        "PCGrad": (0.32, 0.39),
        "PCGrad, equal units": (0.15, 0.34),
        "GradNorm": (0.43, 0.39),
        "uncertainty": (0.53, 0.31),
        "uncertainty, started": (0.08, 0.25),
        "running mean": (0.08, 0.27),
    }
    assert list(shown) == list(errors)
    for name, means in shown.items():
        assert errors[name].mean(0).tolist() == pytest.approx(means, abs=0.006), name
    for name in ("uncertainty, started", "running mean"):
        gain = errors["tuned sum"] - errors[name]
        half = 2.13 * gain.std(0) / toy_training.SEEDS**0.5
        assert gain[:, 0].mean() > half[0] and abs(gain[:, 1].mean()) < half[1]
        assert gain[:, 0].mean().item() == pytest.approx(0.07, abs=0.006)
    repaired = errors["PCGrad, equal units"] - errors["equal units"]
    half = 2.13 * repaired.std(0) / toy_training.SEEDS**0.5
    assert (repaired.mean(0).abs() < half).all()


def test_comparison_trains_as_the_snippets_do():
    """One seed, a few steps, with the snippets, autograd and torch's Adam."""
    steps, seed = 12, 3
    methods = [*toy_training.FIXED, *comparison.ADAPTIVE]
    batched = toy_training.toy_training(methods, steps)[0][:, seed]
    x, noisy, _ = (part[seed, :64] for part in toy_training._data())
    for name, expected in zip(methods, batched, strict=True):
        parts = toy_training._start()[seed].split(toy_training.SPLIT)
        w, b, v = (
            p.view(s).clone().requires_grad_()
            for p, s in zip(parts, toy_training.SHAPES, strict=True)
        )
        trunk = [w, b]
        criterion = None
        parameters = [*trunk, v]
        adam = torch.optim.Adam(parameters, lr=0.05, betas=(0.9, 0.99))
        groups = [adam]
        for step in range(steps):
            output = torch.tanh(x @ w + b) @ v
            losses = toy_training.UNIT * (output - noisy).square().mean(0)
            if step == 0 and name == "GradNorm":
                criterion = GradNorm(2, alpha=1.0, rate=0.05)
            elif step == 0 and name == "running mean":
                criterion = RunningMeanScale(2)
            elif step == 0 and name.startswith("uncertainty"):
                start = losses.detach() if name.endswith("started") else None
                criterion = UncertaintyWeights(["regression"] * 2, start)
                groups.append(
                    torch.optim.Adam(criterion.parameters(), lr=0.05, betas=(0.9, 0.99))
                )
            for optimizer in groups:
                optimizer.zero_grad()
                optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / toy_training.STEPS)
            if name == "GradNorm":
                criterion(losses, trunk).backward()
            elif criterion is not None:
                criterion(losses).backward()
            else:
                factor = toy_training.FIXED.get(name.removeprefix("PCGrad, "), 1.0)
                weighted = [losses[0], factor * losses[1]]
                combined = pcgrad(weighted, trunk)
                sum(weighted).backward()
                if name.startswith("PCGrad"):
                    w.grad, b.grad = combined
            for optimizer in groups:
                optimizer.step()
        ours = torch.cat([p.detach().flatten() for p in parameters])
        torch.testing.assert_close(expected, ours, rtol=1e-3, atol=2e-4, msg=name)


def test_conflict_numbers():
    cosines = toy_training.toy_training(["sum", "equal units"])[-1].mean(2)
    assert cosines[0].tolist() == pytest.approx([-0.06, -0.06], abs=0.005)
    assert cosines[-1, 1].item() == pytest.approx(-0.95, abs=0.01)
    assert cosines[:, 0].min() > -0.2 and cosines[:, 0].max() < 0.1
    lines = conflict.figure().axes[0].lines
    assert len(lines) == 2 and lines[1].get_ydata()[-1] < -0.9


def test_diverges_numbers():
    weights, errors = diverges._run("free")
    assert (weights[:, 1] < 0).nonzero()[0].item() == 4 and weights[3, 1] > 0
    assert errors[20, 1] > 100 and not errors[-1, 1].isfinite()
    weights, errors = diverges._run("softmax")
    assert weights[-1, 1].item() == pytest.approx(0.014, abs=0.001)
    assert errors[-1, 1].item() == pytest.approx(2.4, abs=0.05)
    weights, errors = diverges._run("uncertainty")
    assert weights[0, 1] == 0.5
    assert weights[:, 1].min().item() == pytest.approx(0.15, abs=0.005)
    assert weights[-1, 1].item() == pytest.approx(0.37, abs=0.005)
    assert errors[-1, 1].item() == pytest.approx(1.3, abs=0.03)
    assert len(diverges.figure().axes) == 2
