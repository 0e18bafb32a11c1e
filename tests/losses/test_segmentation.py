"""The segmentation losses against set counts, slow loops and closed forms."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets.losses.segmentation import calibration, empty, gradient, imbalance
from snippets.losses.segmentation.dice_loss import dice_loss
from snippets.losses.segmentation.lovasz_hinge import lovasz_hinge
from snippets.losses.segmentation.lovasz_softmax import lovasz_softmax
from snippets.losses.segmentation.multiclass_dice_loss import multiclass_dice_loss
from snippets.losses.segmentation.tversky_loss import tversky_loss


def focal_tversky(logits, target, **options):
    return tversky_loss(logits, target, exponent=0.75, **options)


def squared_dice(logits, target, **options):
    return dice_loss(logits, target, squared=True, **options)


DICES = [dice_loss, squared_dice]
BINARY = [*DICES, tversky_loss, focal_tversky, lovasz_hinge]
SEVERAL = [multiclass_dice_loss, lovasz_softmax]
FLOATS = [torch.float32, torch.bfloat16, torch.float16]

few = settings(max_examples=25, derandomize=True, deadline=None, database=None)
pixel = st.tuples(st.floats(-30, 30), st.integers(0, 1))
pixels = st.lists(pixel, min_size=1, max_size=12)


def row(pixels):
    logits, target = torch.tensor(pixels, dtype=torch.float64).unbind(1)
    return logits.unsqueeze(0), target.unsqueeze(0)


def binary(seed=0, shape=(3, 1, 4, 5), dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    logits = 2 * torch.randn(shape, generator=generator, dtype=dtype)
    return logits, (torch.rand(shape, generator=generator) < 0.4).to(dtype)


def several(seed=0, classes=4, void=None):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(2, classes, 3, 5, generator=generator, dtype=torch.float64)
    target = torch.randint(0, classes, (2, 3, 5), generator=generator)
    if void is not None:
        target[torch.rand(2, 3, 5, generator=generator) < 0.3] = void
    return logits, target


# Against the oracles


@few
@given(pixels, st.floats(1e-6, 10))
def test_dice_is_its_fraction(pixels, smooth):
    logits, target = row(pixels)
    p, y = 1 / (1 + np.exp(-logits.numpy())), target.numpy()
    for squared, areas in (False, p + y), (True, p**2 + y**2):
        oracle = 1 - (2 * (p * y).sum() + smooth) / (areas.sum() + smooth)
        ours = dice_loss(logits, target, smooth, squared)
        assert ours.item() == pytest.approx(oracle, abs=1e-12)


def test_only_squared_dice_fits_soft_masks():
    target = torch.full((1, 1000), 0.5, dtype=torch.float64)
    levels = torch.linspace(0.02, 0.98, 49, dtype=torch.float64)
    for squared, best in (True, 0.5), (False, 0.98):
        values = [
            dice_loss(p.logit().expand(1, 1000), target, squared=squared)
            for p in levels
        ]
        assert levels[torch.stack(values).argmin()].item() == pytest.approx(best)


@few
@given(pixels, st.floats(0.05, 3), st.floats(0.05, 3), st.floats(1e-3, 5))
def test_tversky_is_its_fraction(pixels, alpha, beta, smooth):
    logits, target = row(pixels)
    p, y = 1 / (1 + np.exp(-logits.numpy())), target.numpy()
    tp, fp, fn = (p * y).sum(), (p * (1 - y)).sum(), ((1 - p) * y).sum()
    oracle = 1 - (tp + smooth) / (tp + alpha * fp + beta * fn + smooth)
    ours = tversky_loss(logits, target, alpha, beta, smooth=smooth)
    assert ours.item() == pytest.approx(oracle, abs=1e-12)
    focal = tversky_loss(logits, target, alpha, beta, 0.75, smooth)
    assert focal.item() == pytest.approx(max(oracle, 2.2e-16) ** 0.75, abs=1e-9)


def test_tversky_limits():
    logits, target = binary()
    half = tversky_loss(logits, target, 0.5, 0.5, smooth=0.5)
    torch.testing.assert_close(half, dice_loss(logits, target))
    hard = torch.where(logits > 0, 100.0, -100.0).double()
    jaccard = tversky_loss(hard, target, 1, 1, smooth=1e-12, reduction="none")
    both = ((logits > 0) & (target > 0)).flatten(1).sum(1)
    union = ((logits > 0) | (target > 0)).flatten(1).sum(1)
    torch.testing.assert_close(jaccard, 1 - both / union.double())


def test_alpha_is_for_what_is_invented():
    target = torch.tensor([[1.0, 1.0, 0.0, 0.0]])
    invented = torch.tensor([[50.0, 50.0, 50.0, -50.0]])
    missed = torch.tensor([[50.0, -50.0, -50.0, -50.0]])
    for z, expected in ((invented, 0.3 / 3.3), (missed, 0.7 / 2.7)):
        ours = tversky_loss(z, target, alpha=0.3, beta=0.7)
        assert ours.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("loss", [*DICES, lovasz_hinge])
def test_over_batch_is_one_long_sample(loss):
    logits, target = binary()
    whole = loss(logits, target, over_batch=True, reduction="none")
    one = loss(logits.reshape(1, -1), target.reshape(1, -1), reduction="none")
    assert whole.shape == (1,)
    torch.testing.assert_close(whole, one)
    assert (whole - loss(logits, target)).abs() > 1e-3


@pytest.mark.parametrize("void", [None, -100, 255])
@pytest.mark.parametrize("skip_absent", [False, True])
def test_multiclass_dice_is_a_loop_over_classes(void, skip_absent):
    logits, target = several(void=void)
    target[target == 2] = 1  # class 2 is absent
    options = {} if void is None else {"ignore_index": void}
    p = logits.softmax(1).movedim(1, -1)[target != (void or -100)]
    y = target[target != (void or -100)]
    oracle = []
    for c in range(4):
        fraction = (2 * p[y == c, c].sum() + 1) / (p[:, c].sum() + (y == c).sum() + 1)
        oracle.append(0 if skip_absent and c == 2 else (1 - fraction).item())
    ours = multiclass_dice_loss(
        logits, target, skip_absent=skip_absent, reduction="none", **options
    )
    torch.testing.assert_close(ours, torch.tensor(oracle, dtype=torch.float64))
    mean = multiclass_dice_loss(logits, target, skip_absent=skip_absent, **options)
    assert mean.item() == pytest.approx(sum(oracle) / (3 if skip_absent else 4))


def test_multiclass_dice_of_two_classes_is_binary():
    logits, target = several(classes=2)
    each = multiclass_dice_loss(logits, target, reduction="none")
    z = logits[:, 1] - logits[:, 0]
    torch.testing.assert_close(each[1], dice_loss(z, target, over_batch=True))
    torch.testing.assert_close(each[0], dice_loss(-z, 1 - target, over_batch=True))


def jaccard_loss(wrong, truth):
    """One minus IoU of the mask that differs from `truth` where `wrong`."""
    predicted = truth ^ wrong
    both, union = (predicted & truth).sum().item(), (predicted | truth).sum().item()
    return 1 - both / union if union else 0.0


def lovasz_extension(errors, truth):
    """Follow the definition, one pixel after the other."""
    wrong, value, before = torch.zeros_like(truth), 0.0, 0.0
    for i in errors.argsort(descending=True):
        wrong[i] = True
        after = jaccard_loss(wrong, truth)
        value, before = value + errors[i] * (after - before), after
    return value


def test_lovasz_is_jaccard_on_every_mask_of_six_pixels():
    masks = torch.tensor(list(itertools.product([0, 1], repeat=6)), dtype=torch.bool)
    for truth in masks:
        oracle = torch.tensor([jaccard_loss(wrong, truth) for wrong in masks])
        y = truth.long().expand(64, 6)
        z = (2.0 * y - 1) * (1 - masks.float())  # hinges of 1 and 0
        hinge = lovasz_hinge(z, y, reduction="none")
        torch.testing.assert_close(hinge, oracle)
    truth = masks[0b011010]
    for wrong in masks:
        z = torch.where(truth ^ wrong, 100.0, -100.0)
        both = torch.stack([torch.zeros(6), z])[None]
        ours = lovasz_softmax(
            both, truth.long()[None], skip_absent=False, reduction="none"
        )
        oracle = [jaccard_loss(wrong, ~truth), jaccard_loss(wrong, truth)]
        torch.testing.assert_close(ours, torch.tensor(oracle))


@few
@given(pixels)
def test_lovasz_hinge_is_the_extension(pixels):
    logits, target = row(pixels)
    hinge = (1 - logits * (2 * target - 1)).relu()
    oracle = lovasz_extension(hinge[0], target[0] > 0)
    torch.testing.assert_close(
        lovasz_hinge(logits, target).item(), float(oracle), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("void", [-100, 255])
def test_lovasz_softmax_is_the_extension_by_class(void):
    logits, target = several(seed=1, void=void)
    valid = target.flatten() != void
    p = logits.softmax(1).movedim(1, -1).reshape(-1, 4)[valid]
    y = target.flatten()[valid]
    oracle = [
        lovasz_extension(((y == c).double() - p[:, c]).abs(), y == c) for c in range(4)
    ]
    ours = lovasz_softmax(logits, target, void, reduction="none")
    torch.testing.assert_close(ours, torch.stack(oracle))
    torch.testing.assert_close(
        lovasz_softmax(logits, target, void), torch.stack(oracle).mean()
    )


def test_lovasz_hinge_is_convex():
    target = binary()[1]
    a, b = binary(1)[0], binary(2)[0]
    for t in (0.2, 0.5, 0.9):
        between = lovasz_hinge(t * a + (1 - t) * b, target, reduction="none")
        ends = [lovasz_hinge(x, target, reduction="none") for x in (a, b)]
        assert (between <= t * ends[0] + (1 - t) * ends[1] + 1e-12).all()


def test_lovasz_skips_absent_classes():
    logits, target = several()
    target.clamp_(max=2)
    each = lovasz_softmax(logits, target, skip_absent=False, reduction="none")
    assert each[3] > 0
    torch.testing.assert_close(lovasz_softmax(logits, target), each[:3].mean())
    whole = lovasz_softmax(logits, target, skip_absent=False)
    torch.testing.assert_close(whole, each.mean())


# What every one of them must do


def inputs(loss, **options):
    return several(**options) if loss in SEVERAL else binary()


@pytest.mark.parametrize("loss", BINARY + SEVERAL)
def test_reductions(loss):
    logits, target = inputs(loss)
    each = loss(logits, target, reduction="none")
    assert each.shape == ((4,) if loss in SEVERAL else (3,))
    torch.testing.assert_close(loss(logits, target), each.mean())
    torch.testing.assert_close(loss(logits, target, reduction="sum"), each.sum())
    with pytest.raises(ValueError, match="reduction must be .* got 'avg'"):
        loss(logits, target, reduction="avg")


@pytest.mark.parametrize("loss", BINARY)
def test_refuses_broadcasting(loss):
    logits = torch.zeros(4, 1, 3, 3)
    for target in (logits[:, 0], logits[:1], torch.zeros(())):
        with pytest.raises(
            ValueError, match=r"same shape \(N, \*\), got \(4, 1, 3, 3\)"
        ):
            loss(logits, target)
    with pytest.raises(ValueError, match="same shape"):
        loss(torch.zeros(()), torch.zeros(()))


@pytest.mark.parametrize("loss", SEVERAL)
def test_refuses_other_class_shapes(loss):
    logits = torch.zeros(2, 4, 3, 3)
    for shape in ((2, 1, 3, 3), (2, 4, 3, 3), (3, 3), (1, 3, 3), (2, 3)):
        with pytest.raises(ValueError, match=r"logits must be \(N, C, \*\) and target"):
            loss(logits, torch.zeros(shape, dtype=torch.long))
    with pytest.raises(ValueError, match="logits must be"):
        loss(torch.zeros(2), torch.zeros(2, dtype=torch.long))


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda z, y: dice_loss(z, y, smooth=0),
            "smooth must be positive and finite, got 0",
        ),
        (lambda z, y: tversky_loss(z, y, alpha=0), "got 0, 0.7, 1.0 and 1.0"),
        (lambda z, y: tversky_loss(z, y, beta=-1), "got 0.3, -1, 1.0 and 1.0"),
        (lambda z, y: tversky_loss(z, y, exponent=0), "got 0.3, 0.7, 0 and 1.0"),
        (lambda z, y: tversky_loss(z, y, smooth=0), "got 0.3, 0.7, 1.0 and 0"),
        (
            lambda z, y: multiclass_dice_loss(z, y[:, 0].long(), smooth=-1),
            "smooth must be positive and finite, got -1",
        ),
    ],
)
def test_refuses_bad_values(call, message):
    with pytest.raises(ValueError, match=message):
        call(torch.zeros(2, 3), torch.zeros(2, 3))


def test_an_index_out_of_range_is_refused():
    with pytest.raises(RuntimeError, match="index 255 is out of bounds"):
        multiclass_dice_loss(torch.zeros(1, 3, 2), torch.tensor([[0, 255]]))


@pytest.mark.parametrize("loss", BINARY + SEVERAL)
def test_gradcheck(loss):
    logits, target = inputs(loss)
    logits.requires_grad_()
    assert torch.autograd.gradcheck(lambda z: loss(z, target), logits)


@pytest.mark.parametrize("loss", SEVERAL)
def test_a_class_can_be_ignored(loss):
    logits, target = several(seed=5)
    other = torch.where(target == 0, 255, target)
    torch.testing.assert_close(
        loss(logits, target, ignore_index=0), loss(logits, other, ignore_index=255)
    )


@pytest.mark.parametrize("loss", SEVERAL)
@pytest.mark.parametrize("void", [-100, 255])
def test_ignored_pixels_change_nothing(loss, void):
    logits, target = several(void=void)
    logits.requires_grad_()
    value = loss(logits, target, ignore_index=void)
    (slope,) = torch.autograd.grad(value, logits)
    ignored = (target == void).unsqueeze(1)
    assert (slope * ignored).abs().max() == 0
    with torch.no_grad():
        other = torch.where(ignored, 50 * torch.randn_like(logits), logits)
    torch.testing.assert_close(loss(other, target, ignore_index=void), value)


def test_lovasz_hinge_ignores():
    logits, target = binary(shape=(1, 12))
    target[0, :4] = 255
    torch.testing.assert_close(
        lovasz_hinge(logits, target, 255), lovasz_hinge(logits[:, 4:], target[:, 4:])
    )


@pytest.mark.parametrize("loss", SEVERAL)
@pytest.mark.parametrize("skip_absent", [False, True])
def test_all_ignored_is_zero_with_zero_gradient(loss, skip_absent):
    logits = torch.randn(2, 3, 4, requires_grad=True)
    void = torch.full((2, 4), 255)
    value = loss(logits, void, ignore_index=255, skip_absent=skip_absent)
    (slope,) = torch.autograd.grad(value, logits)
    assert value == 0 and (slope == 0).all()
    assert F.cross_entropy(logits, void, ignore_index=255).isnan()


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("loss", BINARY + SEVERAL)
def test_finite_at_extreme_logits(loss, dtype):
    huge = torch.finfo(dtype).max / 4
    extremes = [-huge, -300.0, -20.0, 0.0, 20.0, 300.0, huge]
    if loss is lovasz_hinge:  # linear: the hinge must fit into float32
        extremes[::6] = [-1e4, 1e4]
    for flip in (1, -1):
        z = (flip * torch.tensor(extremes, dtype=dtype)).requires_grad_()
        y = torch.tensor([0, 0, 0, 1, 1, 1, 1])
        logits = torch.stack([z, -z])[None] if loss in SEVERAL else z[None]
        value = loss(logits, y[None])
        (slope,) = torch.autograd.grad(value, z)
        assert value.dtype == torch.float32 and value.isfinite()
        assert slope.dtype == dtype and slope.isfinite().all()


@pytest.mark.parametrize("dtype", FLOATS[1:])
@pytest.mark.parametrize("loss", BINARY + SEVERAL)
def test_half_precision_is_computed_in_float32(loss, dtype):
    logits, target = inputs(loss)
    half = logits.to(dtype)
    torch.testing.assert_close(loss(half, target), loss(half.float(), target))


def test_large_masks_in_float16():
    z = torch.zeros(1, 512, 512, dtype=torch.float16)
    y = torch.zeros(1, 512, 512)
    y[:, :100, :100] = 1
    expected = 1 - (1e4 + 1) / (512 * 512 / 2 + 1e4 + 1)
    assert dice_loss(z, y).item() == pytest.approx(expected, rel=1e-6)
    assert z.sigmoid().sum().isinf()


@pytest.mark.parametrize("loss", BINARY)
def test_empty_mask_predicted_empty(loss):
    z = torch.full((1, 64), -200.0, requires_grad=True)
    value = loss(z, torch.zeros(1, 64))
    (slope,) = torch.autograd.grad(value, z)
    assert 0 <= value < 1e-5 and slope.isfinite().all()


@pytest.mark.parametrize("loss", BINARY)
def test_a_vector_is_one_pixel_per_sample(loss):
    logits, target = binary(shape=(5,))
    each = loss(logits, target, reduction="none")
    assert each.shape == (5,)
    torch.testing.assert_close(
        each, loss(logits[:, None], target[:, None], reduction="none")
    )


# What the figures and tables show


def test_pull_has_its_closed_form():
    """Foreground logits are 0, so p (1 - p) is a quarter there."""
    for n, z in itertools.product((16, 4096), (0.0, -9.0)):
        p = 1 / (1 + np.exp(-z))
        areas = n / 2 + (gradient.PIXELS - n) * p + n + 1
        dice = n * (2 * areas - (n + 1)) / areas**2 / 4
        assert gradient._pull(dice_loss, n, z) == pytest.approx(dice, rel=1e-4)
        ce = gradient._pull(F.binary_cross_entropy_with_logits, n, z)
        assert ce == pytest.approx(n / 2 / gradient.PIXELS, rel=1e-4)


def test_calibration_shown():
    """Squared Dice fits q / D, plain Dice a step at D / 2, CE the truth."""
    q = calibration.TRUE
    ce, _, squared, dice = map(calibration._fitted, calibration.LOSSES.values())
    torch.testing.assert_close(ce, q, atol=2e-3, rtol=0)
    y = ((torch.arange(20) + 0.5) / 20 < q[:, None]).float()
    share = y.mean(1)
    best = 1 - dice_loss((squared.logit()[:, None] + 0 * y).view(1, -1), y.view(1, -1),
                         squared=True)  # fmt: skip
    expected = (share / best).clamp(max=1)
    torch.testing.assert_close(squared, expected, atol=0.02, rtol=0)
    top = max(
        2 * share[k:].sum().item() / (len(q) - k + share.sum().item())
        for k in range(len(q))
    )
    assert ((dice > 0.5) == (share > top / 2)).all()
    assert (dice - dice.round()).abs().max() < 0.05
    assert q[dice > 0.5].min().item() == pytest.approx(0.4)
    assert (squared > 0.98).nonzero()[0] == (q > 0.79).nonzero()[0]


def test_imbalance_shown():
    x, y = imbalance._data()
    assert x.shape == (6, 8, 16384)
    assert 0.009 < y.mean() < 0.012
    assert x.var(2).sub(1).abs().max() < 0.5
    scores = {name: imbalance._scores(loss) for name, loss in imbalance.LOSSES.items()}
    for name in ("CE", "Dice", "CE + Dice"):
        torch.testing.assert_close(
            scores[name].mean(1), torch.tensor([0.79, 0.79]), atol=0.02, rtol=0
        )
    fixed, chosen = scores["CE, balanced"].mean(1)
    assert fixed < 0.6 and 0.74 < chosen < 0.8


def test_empty_table():
    rows = [
        [c.strip() for c in row.split("|")[1:-1]] for row in empty.table().splitlines()
    ]
    assert {len(row) for row in rows} == {4}
    table = {row[0]: row[1:] for row in rows[2:]}
    assert table["no smoothing"] == ["nan", "1", "0"]
    assert table["1e-6 below only"] == ["1", "1", "0"]
    assert table["1e-6 in both"][0] == table["1 in both"][0] == "0"
    pull = {name: float(row[2]) for name, row in table.items()}
    # 40 pixels of p = 1/2: loss 20 / (20 + s), slope s / (20 + s)**2 / 4
    assert pull["1 in both"] == pytest.approx(1 / 21**2 / 4, rel=0.02)
    assert pull["1e-6 in both"] == pytest.approx(1e-6 / 20**2 / 4, rel=0.02)


@pytest.mark.parametrize("loss", [lovasz_hinge, lovasz_softmax, multiclass_dice_loss])
def test_minus_100_is_ignored_by_default(loss):
    channels = 1 if loss is lovasz_hinge else 3
    logits = torch.randn(2, channels, 4, 5, generator=torch.Generator().manual_seed(0))
    target = torch.arange(40).view(2, 4, 5) % 2
    target = target[:, None] if channels == 1 else target
    marked = target.clone()
    marked[..., 0] = -100
    ignored = loss(logits, marked.where(marked >= 0, -7), ignore_index=-7)
    torch.testing.assert_close(loss(logits, marked), ignored)
    assert loss(logits, marked) != loss(logits, target)
