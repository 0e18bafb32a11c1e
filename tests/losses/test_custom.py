"""The page's own losses against torch and closed forms; check_loss in both directions."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from snippets.losses.custom import (
    copied_binary,
    copied_multiclass,
    safety,
)
from snippets.losses.custom.check_loss import check_loss
from snippets.losses.custom.custom_binary_cross_entropy import (
    custom_binary_cross_entropy,
)
from snippets.losses.custom.custom_binary_cross_entropy_module import (
    CustomBinaryCrossEntropy,
)
from snippets.losses.custom.custom_cross_entropy import custom_cross_entropy
from snippets.losses.custom.custom_cross_entropy_module import CustomCrossEntropy

REDUCTIONS = ["none", "mean", "sum"]
HALVES = [torch.bfloat16, torch.float16]
FLOATS = [torch.float32, *HALVES]
few = settings(max_examples=25, derandomize=True, deadline=None, database=None)

values = st.floats(-1e3, 1e3, allow_subnormal=False)
binary_pairs = st.lists(st.tuples(values, st.floats(0, 1)), min_size=1, max_size=8)


def same(ours, theirs, *inputs):
    """Compare the value and the gradient of the first input."""
    found = []
    for loss in (ours, theirs):
        x = inputs[0].detach().clone().requires_grad_()
        value = loss(x, *inputs[1:])
        found.append((value.detach(), torch.autograd.grad(value.sum(), x)[0]))
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, equal_nan=True)


# Against torch


@few
@given(binary_pairs, st.sampled_from(REDUCTIONS), st.floats(0.1, 10))
def test_binary_is_torchs(pairs, reduction, positive):
    z, y = torch.tensor(pairs, dtype=torch.float64).unbind(1)
    same(
        lambda z, y: custom_binary_cross_entropy(z, y, reduction),
        lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction=reduction),
        z,
        y,
    )
    for weight in (None, torch.tensor(positive)):
        ours = CustomBinaryCrossEntropy(weight, reduction)
        theirs = nn.BCEWithLogitsLoss(pos_weight=weight, reduction=reduction)
        same(ours.double(), theirs.double(), z, y)


def test_binary_gradient_is_the_closed_form_at_zero_and_beyond():
    z = torch.tensor([-800.0, -1.0, 0.0, 0.0, 1.0, 800.0], dtype=torch.float64)
    y = torch.tensor([0.0, 1.0, 0.0, 1.0, 0.5, 0.0], dtype=torch.float64)
    z.requires_grad_()
    loss = custom_binary_cross_entropy(z, y, reduction="sum")
    expected = 1 / (1 + (-z.detach()).exp()) - y
    torch.testing.assert_close(torch.autograd.grad(loss, z)[0], expected)


@pytest.mark.parametrize("columns", [(), (3,)])
def test_binary_pos_weight_shapes(columns):
    z, y = torch.randn(5, 3), torch.rand(5, 3)
    weight = torch.rand(columns) * 4
    theirs = nn.BCEWithLogitsLoss(pos_weight=weight)
    same(CustomBinaryCrossEntropy(weight), theirs, z, y)


@few
@given(st.data(), st.sampled_from(REDUCTIONS), st.sampled_from([(), (2,), (2, 3)]))
def test_cross_entropy_is_torchs(data, reduction, places):
    n, c = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 4))
    scale = data.draw(st.sampled_from([1.0, 100.0, 1e4]))
    generator = torch.Generator().manual_seed(data.draw(st.integers(0, 99)))
    z = scale * torch.randn(n, c, *places, generator=generator, dtype=torch.float64)
    y = torch.randint(c, (n, *places), generator=generator)
    same(
        lambda z, y: custom_cross_entropy(z, y, reduction),
        lambda z, y: F.cross_entropy(z, y, reduction=reduction),
        z,
        y,
    )
    weight = torch.rand(c, generator=generator) + 0.1
    for ignored in (-100, 0, 1):
        dropped = torch.rand(y.shape, generator=generator) < 0.3
        for w in (None, weight):
            same(
                CustomCrossEntropy(w, ignored, reduction).double(),
                nn.CrossEntropyLoss(
                    w, ignore_index=ignored, reduction=reduction
                ).double(),
                z,
                torch.where(dropped, ignored, y),
            )


def test_nothing_counts_or_nothing_comes():
    z, y = torch.randn(4, 3), torch.full((4,), -100)
    assert CustomCrossEntropy()(z, y).isnan()
    assert CustomCrossEntropy(reduction="sum")(z, y) == 0
    empty = z[:0], y[:0]
    assert custom_cross_entropy(*empty).isnan()
    assert CustomCrossEntropy()(*empty).isnan()
    assert custom_cross_entropy(*empty, reduction="sum") == 0
    assert custom_binary_cross_entropy(z[:0], z[:0]).isnan()


def test_an_ignored_row_may_be_infinite():
    z = torch.tensor([[-torch.inf, 0.0, 1.0], [1.0, 2.0, 3.0]], requires_grad=True)
    loss = CustomCrossEntropy()(z, torch.tensor([-100, 2]))
    loss.backward()
    assert loss.isfinite() and z.grad.isfinite().all()
    assert not z.grad[0].any()


# Extremes and half precision


@pytest.mark.parametrize("dtype", FLOATS)
def test_finite_at_every_logit(dtype):
    huge = torch.finfo(dtype).max / 4
    z = torch.tensor([-huge, -300, -1e-3, 0, 1e-3, 300, huge], dtype=dtype)
    for y in (torch.zeros(7), torch.ones(7)):
        for loss in (
            lambda z, y: custom_binary_cross_entropy(z, y, "none"),
            CustomBinaryCrossEntropy(torch.tensor(2.0), "none"),
        ):
            x = z.clone().requires_grad_()
            value = loss(x, y)
            value.sum().backward()
            assert value.isfinite().all() and x.grad.isfinite().all()
    rows = torch.stack([z, -z, 0 * z], dim=1)
    for loss in (custom_cross_entropy, CustomCrossEntropy(torch.ones(3))):
        x = rows.clone().requires_grad_()
        value = loss(x, torch.arange(7) % 3)
        value.backward()
        assert value.isfinite() and x.grad.isfinite().all()
        assert x.grad.dtype == dtype


@pytest.mark.parametrize("dtype", HALVES)
def test_half_precision_is_computed_in_float32(dtype):
    z = torch.tensor([[-20.0, 0.3, 5.0], [30.0, 0.1, 0.2]], dtype=dtype)
    y, index = torch.tensor([[0.0, 1, 0.5], [1, 0, 1]]), torch.tensor([2, 1])
    for loss, target in (
        (custom_binary_cross_entropy, y),
        (CustomBinaryCrossEntropy(torch.tensor(2.0)), y),
        (custom_cross_entropy, index),
        (CustomCrossEntropy(torch.tensor([1.0, 2.0, 3.0])), index),
    ):
        value = loss(z, target)
        assert value.dtype == torch.float32
        torch.testing.assert_close(value, loss(z.float(), target), rtol=0, atol=0)
        assert loss(z.double(), target).dtype == torch.float64


def test_half_precision_weights():
    z, y = torch.randn(6, 3), torch.arange(6) % 3
    half = CustomCrossEntropy(torch.tensor([1.0, 2.0, 3.0])).half()
    assert half.weight.dtype == torch.float16
    assert half(z.half(), y).dtype == torch.float32


# Contracts


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda z, y: custom_binary_cross_entropy(z, z[:, 0]),
            r"logits and target .* got \(4, 3\) and \(4,\)",
        ),
        (
            lambda z, y: CustomBinaryCrossEntropy()(z, z[:, :1]),
            r"logits and target .* got \(4, 3\) and \(4, 1\)",
        ),
        (
            lambda z, y: CustomBinaryCrossEntropy(torch.ones(2))(z, z),
            r"pos_weight must have shape \(\) or \(3,\), got \(2,\)",
        ),
        (lambda z, y: custom_cross_entropy(z, y[:, None]), r"\(4, 3\) and \(4, 1\)"),
        (lambda z, y: custom_cross_entropy(z[0], y[:1]), r"got \(3,\) and \(1,\)"),
        (lambda z, y: custom_cross_entropy(z, y.float()), "int64 .* torch.float32"),
        (lambda z, y: CustomCrossEntropy()(z, y[:2]), r"\(4, 3\) and \(2,\)"),
        (lambda z, y: CustomCrossEntropy()(z, y.int()), "int64 .* torch.int32"),
        (
            lambda z, y: CustomCrossEntropy(torch.ones(4))(z, y),
            r"weight must have shape \(3,\), got \(4,\)",
        ),
        (lambda z, y: custom_binary_cross_entropy(z, z, "avg"), "got 'avg'"),
        (lambda z, y: custom_cross_entropy(z, y, "avg"), "got 'avg'"),
        (lambda z, y: CustomBinaryCrossEntropy(reduction="avg"), "got 'avg'"),
        (lambda z, y: CustomCrossEntropy(reduction="avg"), "got 'avg'"),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.randn(4, 3), torch.tensor([0, 1, 2, 0]))


@pytest.mark.parametrize("label", [-1, 3])
@pytest.mark.parametrize("loss", [custom_cross_entropy, CustomCrossEntropy()])
def test_refuses_a_label_that_is_no_class(loss, label):
    with pytest.raises(RuntimeError, match=f"index {label} is out of bounds"):
        loss(torch.randn(1, 3), torch.tensor([label]))


def test_buffers_move_and_are_saved():
    for criterion, name in (
        (CustomCrossEntropy(torch.ones(3)), "weight"),
        (CustomBinaryCrossEntropy(torch.ones(3)), "pos_weight"),
    ):
        assert list(criterion.state_dict()) == [name]
        assert getattr(criterion.to("meta"), name).device.type == "meta"
    assert not CustomCrossEntropy().state_dict()


# check_loss: quiet on good losses


def binary_inputs():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(8, generator=generator, requires_grad=True)
    return logits, torch.rand(8, generator=generator).round()


def class_inputs():
    generator = torch.Generator().manual_seed(3)
    logits = torch.randn(8, 3, generator=generator, requires_grad=True)
    return logits, torch.randint(3, (8,), generator=generator)


@pytest.mark.parametrize(
    "loss, inputs",
    [
        (custom_binary_cross_entropy, binary_inputs),
        (CustomBinaryCrossEntropy(torch.tensor(3.0)), binary_inputs),
        (custom_cross_entropy, class_inputs),
        (CustomCrossEntropy(torch.tensor([1.0, 2.0, 5.0])), class_inputs),
        (nn.CrossEntropyLoss(torch.tensor([1.0, 2.0, 5.0])), class_inputs),
        (F.cross_entropy, class_inputs),
        (nn.BCEWithLogitsLoss(), binary_inputs),
        (nn.MSELoss(), binary_inputs),
        (nn.HuberLoss(), binary_inputs),
    ],
)
def test_quiet_on_good_losses(loss, inputs):
    assert check_loss(loss, inputs) == []


def test_quiet_on_rounding():
    def inputs():
        y = torch.randn(2000, 3, generator=torch.Generator().manual_seed(0))
        return (100 + y).requires_grad_(), y

    assert check_loss(lambda x, y: F.mse_loss(x, y), inputs) == []
    assert check_loss(F.huber_loss, inputs) == []


# check_loss: fires on planted faults


def safe(z, y):
    if z.shape != y.shape:
        raise ValueError
    return (1 - y) * z - F.logsigmoid(z)


class _WrongBackward(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.square()

    @staticmethod
    def backward(ctx, upstream):
        return 2.1 * upstream


class _PlainWeight(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.ones(3)

    def forward(self, z, y):
        return F.cross_entropy(z, y, weight=self.weight)


def _reduced(z, y, reduction="mean"):
    each = safe(z, y)
    return {"none": each, "mean": each.mean(), "sum": each.mean()}[reduction]


def _wrong_mean(z, y, reduction="mean"):
    each = safe(z, y)
    return {"none": each, "mean": each.mean() / 3, "sum": each.sum()}[reduction]


def _spoils_target(z, y):
    value = safe(z, y).mean()
    y.mul_(0.5)
    return value


def _spoils_prediction(z, y):
    value = safe(z.detach().clone().requires_grad_() * 0 + z * 1, y).mean()
    with torch.no_grad():
        z.mul_(2)
    return value


def _spoils_saved(z, y):
    p = z.sigmoid()
    value = safe(z, y).mean() - p.log().mean()
    p += 1e-6
    return value


def _where(z, y):
    return safe(z, y).mean() + torch.where(z > 9, (z - z).sqrt(), 0).sum()


@pytest.mark.parametrize(
    "loss, message",
    [
        (safe, "the loss must be a scalar, got shape (8,)"),
        (lambda z, y: (safe(z, y) * torch.nan).mean(), "the loss is nan"),
        (lambda z, y: safe(z, y).mean() / 0, "the loss is inf"),
        (lambda z, y: ((z > 0) == y).float().mean(), "the loss has no grad_fn"),
        (lambda z, y: safe(z.detach(), y).mean(), "the loss has no grad_fn"),
        (lambda z, y: torch.tensor(safe(z, y).mean().item()), "no grad_fn"),
        (
            lambda z, y: (z.sigmoid().round() - y).abs().mean(),
            "the gradient of input 0 is exactly zero",
        ),
        (_where, "the gradient of input 0 is not finite"),
        (_spoils_target, "input 1 is changed in place"),
        (_spoils_prediction, "input 0 is changed in place"),
        (_spoils_saved, "backward fails: one of the variables needed"),
        (
            lambda z, y: (safe(z, y) * torch.arange(len(z))).mean(),
            "when the batch is permuted",
        ),
        (lambda z, y: safe(z, y).sum(), "when the batch is given twice over"),
        (
            lambda z, y: ((z - y) ** 2).mean(),
            "a target with one dimension more is accepted",
        ),
        (lambda z, y: _WrongBackward.apply(z - y).mean(), "gradcheck: Jacobian"),
        (
            lambda z, y: (z.sigmoid().detach() * safe(z, y)).mean(),
            "gradcheck: Jacobian mismatch for output 0 with respect to input 0",
        ),
        (lambda z, y: safe(z.float(), y.float()).mean(), "gradcheck: "),
        (_reduced, "reduction='none' summed is not reduction='sum'"),
        (_wrong_mean, "reduction='mean' is not reduction='sum' over the elements"),
    ],
)
def test_fires_on_a_planted_fault(loss, message):
    faults = check_loss(loss, binary_inputs)
    assert any(message in fault for fault in faults), faults


def test_nan_is_reported_once_and_not_as_a_change():
    faults = check_loss(lambda z, y: (safe(z, y) * torch.nan).mean(), binary_inputs)
    assert not any("when the batch" in fault for fault in faults)


def test_a_plain_attribute_fails_in_double():
    assert check_loss(_PlainWeight(), class_inputs) == [
        "gradcheck: expected scalar type Double but found Float"
    ]


def test_an_input_that_does_nothing():
    def inputs():
        logits, target = binary_inputs()
        return logits, torch.ones(8, requires_grad=True), target

    faults = check_loss(lambda z, w, y: safe(z, y).mean(), inputs)
    assert "input 1 has no gradient" in faults


def test_sums_are_allowed_on_request():
    def total(z, y):
        return safe(z, y).sum()

    assert check_loss(total, binary_inputs, per_sample=False) == []
    assert len(check_loss(total, binary_inputs)) == 1


def test_wants_an_input_to_train():
    with pytest.raises(ValueError, match="requires_grad=True"):
        check_loss(custom_binary_cross_entropy, lambda: (torch.ones(2), torch.ones(2)))


def test_leaves_the_module_as_it_was():
    criterion = CustomCrossEntropy(torch.tensor([1.0, 2.0, 5.0]))
    check_loss(criterion, class_inputs)
    assert criterion.weight.dtype == torch.float32


# What the figure and the tables show


def _row(module, name):
    (row,) = [row for row in module.table().splitlines() if name in row]
    return [cell.strip() for cell in row.strip("|").split("|")]


def test_the_sigmoid_is_one_from_17_on():
    z = torch.arange(0, 60, dtype=torch.float32)
    assert z[z.sigmoid() == 1][0] == 17
    half = z.half()
    assert (half.sigmoid() == 1).any()


def test_copied_binary_versions_agree_where_nothing_is_extreme():
    z = torch.linspace(-4, 4, 40)
    y = (torch.arange(40) % 2).float()
    for loss in copied_binary.VERSIONS.values():
        same(
            loss,
            lambda z, y: F.binary_cross_entropy_with_logits(z, y, reduction="none"),
            z,
            y,
        )


def test_a_positive_at_logit_zero_gets_no_gradient_from_the_copied_version():
    z = torch.zeros(1, requires_grad=True)
    loss = copied_binary._absolute(z, torch.ones(1))
    assert torch.autograd.grad(loss, z)[0] == 0


def test_saturated_correct_samples_are_nan_with_the_plain_logarithm():
    z = torch.tensor([200.0])
    assert copied_binary._logarithm(z, torch.ones(1)).isnan()


def test_figure_says_what_happens_beyond_16_5():
    for name, plateau in (
        ("clamp, log", 15.9),
        ("`F.bce(p, y)`", 100.0),
    ):
        for logit, slope in ((16.0, 1.0), (17.0, 0.0), (30.0, 0.0)):
            z = torch.tensor([logit], requires_grad=True)
            value = copied_binary.VERSIONS[name](z, torch.zeros(1))
            assert torch.autograd.grad(value, z)[0].item() == pytest.approx(
                slope, abs=0.1
            )
        assert value.item() == pytest.approx(plateau, abs=0.1)


def test_binary_table():
    assert _row(copied_binary, "1e-8")[1:] == ["0.5", "14, 7", "18.4, 0"]
    assert _row(copied_binary, "clamp, abs")[1:] == ["1", "never, never", "200, 1"]
    assert _row(copied_binary, "custom")[1:] == ["0.5", "never, never", "200, 1"]


def test_multiclass_table():
    assert _row(copied_multiclass, "one-hot")[1] == "0.20, 0.20"
    assert _row(copied_multiclass, "1e-8")[2:] == ["18.4, 0", "inf, nan"]
    assert _row(copied_multiclass, "custom")[1:] == ["1.00, 1.00", "200, 1", "20, 1"]


def test_safety_table_pairs_each_danger_with_a_remedy():
    bad = {}
    for name, (point, function) in safety.CASES.items():
        x = torch.full((1,), float(point), requires_grad=True)
        value = function(x)
        (gradient,) = torch.autograd.grad(value.sum(), x)
        bad[name] = not (value.isfinite().all() and gradient.isfinite().all())
    remedies = {name for name in bad if name.startswith("→")}
    assert not any(bad[name] for name in remedies)
    harmless = {name for name in bad if not bad[name]} - remedies
    assert harmless == {"`log(clamp(x))`"}


@pytest.mark.parametrize("module", [copied_binary, copied_multiclass, safety])
def test_tables_are_rectangular(module):
    rows = module.table().splitlines()
    assert len({row.count("|") for row in rows}) == 1
