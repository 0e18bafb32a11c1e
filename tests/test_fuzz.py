"""Random input: a snippet returns what it promises, or names what it refuses.

What is fuzzed is found: the losses, optimizers and schedules among the snippets. LOSSES
and NUMBERS say how to make valid arguments of each; one that is missing there fails.
"""

import importlib
import inspect
import math
import re
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from tools.artefacts import find

few = settings(max_examples=3, derandomize=True, deadline=None, database=None)
seeds = st.integers(0, 2**32 - 1)
FLOATS = [torch.float16, torch.bfloat16, torch.float32, torch.float64]
# torch's own errors do where they name the argument, as "Target 5 is out of bounds".
REFUSALS = ValueError, TypeError, IndexError, RuntimeError
TORCHS_NAMES = {"target", "index"}


class Sizes:
    """Random sizes, none of which is another's, and the tensors made of them."""

    def __init__(self, seed: int):
        self.chance = torch.Generator().manual_seed(seed)
        order = torch.randperm(4, generator=self.chance) + 2
        self.n, self.c, self.t, self.d = order.tolist()

    def real(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.chance)

    def index(self, high: int, *shape: int) -> Tensor:
        return torch.randint(high, shape, generator=self.chance)


def pair(s: Sizes) -> dict:
    return {"prediction": s.real(s.n, s.d), "target": s.real(s.n, s.d)}


def binary(s: Sizes) -> dict:
    return {"logits": s.real(s.n, s.d), "target": s.index(2, s.n, s.d)}


def multiclass(s: Sizes) -> dict:
    return {"logits": s.real(s.n, s.c), "target": s.index(s.c, s.n)}


def dense(s: Sizes) -> dict:
    return {"logits": s.real(s.n, s.c, s.t), "target": s.index(s.c, s.n, s.t)}


def masks(s: Sizes) -> dict:
    shape = s.n, 1, s.t, s.d
    return {"logits": s.real(*shape), "target": s.index(2, *shape)}


def boxes(s: Sizes) -> dict:
    corners = s.real(2, s.n, 4).abs().view(2, s.n, 2, 2).cumsum(2).flatten(2)
    return dict(zip(("prediction", "target"), corners, strict=True))


def two_logits(s: Sizes) -> dict:
    return {"p_logits": s.real(s.n, s.c), "q_logits": s.real(s.n, s.c)}


def labelled(s: Sizes) -> dict:
    return {"embedding": s.real(s.n + 2, s.d), "label": s.index(2, s.n + 2)}


def tokens(s: Sizes) -> dict:
    return {"logits": s.real(s.n, s.t, s.c), "tokens": s.index(s.c, s.n, s.t)}


def log_probabilities(*names: str) -> Callable[[Sizes], dict]:
    return lambda s: {name: -s.real(s.n).abs() - 0.1 for name in names}


def ctc(s: Sizes) -> dict:
    return {
        "scores": s.real(2 * s.t + 1, s.n, s.c).log_softmax(-1),
        "targets": s.index(s.c - 1, s.n, s.t) + 1,
        "input_lengths": torch.full((s.n,), 2 * s.t + 1),
        "target_lengths": torch.full((s.n,), s.t),
    }


PREFERENCE = log_probabilities(
    *("policy_chosen_logps", "policy_rejected_logps"),
    *("reference_chosen_logps", "reference_rejected_logps"),
)

LOSSES: dict[str, Callable[[Sizes], dict]] = {
    "asymmetric_squared_error": pair,
    "batch_hard_triplet_loss": labelled,
    "binary_loss": binary,
    "brier_score": lambda s: {
        "probability": s.real(s.n, s.c).softmax(1),
        "target": s.index(s.c, s.n),
    },
    "categorical_kl": two_logits,
    "chunked_cross_entropy": lambda s: {
        "hidden": s.real(s.n, s.d),
        "weight": s.real(s.c, s.d),
        "target": s.index(s.c, s.n),
    },
    "ciou_loss": boxes,
    "clip_loss": lambda s: {
        "image": s.real(s.n, s.d),
        "text": s.real(s.n, s.d),
        "log_scale": s.real(),
    },
    "clipped_policy_loss": lambda s: {
        "logps": -s.real(s.n, s.t).abs(),
        "old_logps": -s.real(s.n, s.t).abs(),
        "advantage": s.real(s.n, s.t),
    },
    "contrastive_loss": lambda s: {
        "left": s.real(s.n, s.d),
        "right": s.real(s.n, s.d),
        "target": s.index(2, s.n),
        "similar": 1,
    },
    "coral_loss": lambda s: {
        "logits": s.real(s.n, s.c),
        "target": s.index(s.c + 1, s.n),
    },
    "corn_loss": lambda s: {
        "logits": s.real(s.n, s.c),
        "target": s.index(s.c + 1, s.n),
    },
    "cox_loss": lambda s: {
        "log_hazard": s.real(s.n),
        "time": s.real(s.n).abs() + 0.1,
        "event": s.index(2, s.n),
    },
    "ctc_from_scores": ctc,
    "custom_binary_cross_entropy": binary,
    "custom_cross_entropy": multiclass,
    "dice_loss": masks,
    "diou_loss": boxes,
    "discrete_time_loss": lambda s: {
        "logits": s.real(s.n, s.c),
        "interval": s.index(s.c, s.n),
        "event": s.index(2, s.n),
    },
    "distillation_loss": lambda s: {
        "student_logits": s.real(s.n, s.c),
        "teacher_logits": s.real(s.n, s.c),
        "target": s.index(s.c, s.n),
    },
    "dpo_loss": PREFERENCE,
    "focal_loss": binary,
    "gaussian_kl": lambda s: {
        "mean": s.real(s.n, s.d),
        "log_variance": s.real(s.n, s.d),
    },
    "gaussian_nll": lambda s: pair(s) | {"log_variance": s.real(s.n, s.d)},
    "generalized_cross_entropy": dense,
    "giou_loss": boxes,
    "hinge_loss": lambda s: {
        "logits": s.real(s.n),
        "target": 2 * s.index(2, s.n) - 1,
    },
    "huber": pair,
    "iou_loss": boxes,
    "ipo_loss": PREFERENCE,
    "jensen_shannon": two_logits,
    "kto_loss": lambda s: (
        log_probabilities("policy_logps", "reference_logps")(s)
        | {"desirable": s.index(2, s.n).bool(), "kl": s.real().abs()}
    ),
    "label_smoothing": dense,
    "log_cosh": pair,
    "logit_adjusted_cross_entropy": lambda s: (
        dense(s) | {"prior": s.real(s.c).softmax(0)}
    ),
    "lovasz_hinge": masks,
    "lovasz_softmax": dense,
    "masked_mean_loss": pair,
    "multi_quantile_loss": lambda s: {
        "prediction": s.real(s.n, 3),
        "target": s.real(s.n),
        "quantiles": (0.1, 0.5, 0.9),
    },
    "multiclass_dice_loss": dense,
    "multiclass_focal_loss": dense,
    "next_token_loss": tokens,
    "nt_xent": lambda s: {"first": s.real(s.n, s.d), "second": s.real(s.n, s.d)},
    "odds_ratio_loss": log_probabilities("chosen_logps", "rejected_logps"),
    "pinball": pair,
    "poly_loss": dense,
    "semi_hard_triplet_loss": labelled,
    "sequence_cross_entropy": lambda s: {
        "logits": s.real(s.n, s.t, s.c),
        "target": s.index(s.c, s.n, s.t),
    },
    "sequence_log_prob": lambda s: tokens(s) | {"mask": torch.ones(s.n, s.t).bool()},
    "supervised_contrastive_loss": labelled,
    "symmetric_cross_entropy": dense,
    "tversky_loss": masks,
    "z_loss": lambda s: {"logits": s.real(s.n, s.c)},
}
# Functions of tensors in snippets/losses that are no losses.
NO_LOSSES = {"focal_posterior", "gradient_cosines", "label_indices", "class_weights"}
NO_LOSSES |= {"conformal_margin", "concordance_index", "ctc_min_length"}
NO_LOSSES |= {"expected_calibration_error", "non_crossing_quantiles"}
# Finite input gives infinite products in these, as their formulas do.
PRODUCTS = {
    "gaussian_kl": "exp(log_variance)",
    "chunked_cross_entropy": "hidden @ weight.T, in the dtype of both",
    "masked_mean_loss": "squares, of the default loss",
    "asymmetric_squared_error": "squares",
    "gaussian_nll": "squares",
    "ipo_loss": "squares",
    "z_loss": "squares",
    "contrastive_loss": "squares",
    "batch_hard_triplet_loss": "squares, in cdist",
    "semi_hard_triplet_loss": "squares, in cdist",
    "ciou_loss": "areas",
    "diou_loss": "areas",
    "giou_loss": "areas",
    "iou_loss": "areas",
}
# Any number of classes, of features or of time steps fits; so does one number more.
FREE = {("clip_loss", "log_scale"), ("ctc_from_scores", "scores")}
FREE |= {("chunked_cross_entropy", "weight"), ("z_loss", "logits")}
# NaN in these may be where nothing is computed.
UNUSED = {
    ("masked_mean_loss", "target"): "NaN marks a missing target",
    ("sequence_log_prob", "logits"): "the last token predicts nothing",
    ("cox_loss", "log_hazard"): "who is censored before every event is at no risk",
    ("corn_loss", "logits"): "a task of ranks that the target does not reach",
    ("discrete_time_loss", "logits"): "an interval after the last",
    ("semi_hard_triplet_loss", "embedding"): "a negative that is not the chosen one",
    ("next_token_loss", "logits"): "the last token predicts nothing",
}
# Scaled, these would be no probabilities.
BOUNDED = {"prior", "probability", "scores"}


def found(section: str) -> dict[str, Callable]:
    """The public objects of the snippets that readers copy, by name."""
    objects = {}
    for snippet in find():
        if not snippet.verb and snippet.place.startswith(section):
            module = importlib.import_module(snippet.name)
            for name, thing in vars(module).items():
                own = getattr(thing, "__module__", "") == snippet.name
                if own and not name.startswith("_") and callable(thing):
                    objects[name] = thing
    return objects


def annotations(function: Callable) -> dict[str, str]:
    parameters = inspect.signature(function).parameters.values()
    return {p.name: inspect.formatannotation(p.annotation) for p in parameters}


def tensor_functions() -> dict[str, Callable]:
    """Functions in snippets/losses that make a tensor of tensors."""
    return {
        name: function
        for name, function in found("losses").items()
        if inspect.isfunction(function)
        and inspect.signature(function).return_annotation is Tensor
        and any("Tensor" in note for note in annotations(function).values())
    }


ALL = tensor_functions()
every = pytest.mark.parametrize("name", sorted(LOSSES))


def outcome(function: Callable, arguments: dict) -> Tensor | None:
    """The result, or None for an error that names an argument."""
    try:
        return function(**arguments)
    except REFUSALS as error:
        names = {name.lower() for name in annotations(function)} | TORCHS_NAMES
        assert set(re.findall(r"\w+", str(error).lower())) & names, error
        return None


def made(name: str, seed: int) -> dict:
    return LOSSES[name](Sizes(seed))


def real_tensors(arguments: dict) -> list[str]:
    values = arguments.items()
    return [k for k, v in values if isinstance(v, Tensor) and v.is_floating_point()]


def test_every_loss_is_fuzzed():
    assert set(ALL) == set(LOSSES) | NO_LOSSES


@every
@few
@given(seeds, st.sampled_from(FLOATS), st.sampled_from([1, 1e2, 1e4, "largest"]))
def test_finite_input_gives_a_finite_loss_of_the_promised_shape(
    name, seed, dtype, scale
):
    function, arguments = ALL[name], made(name, seed)
    if scale == "largest":
        scale = torch.finfo(dtype).max / 2**12
    if name in PRODUCTS:
        scale = 1
    limit = torch.finfo(dtype).max / 2
    for key in real_tensors(arguments):
        factor = 1 if key in BOUNDED else scale
        value = (arguments[key].double() * factor).clamp(-limit, limit)
        arguments[key] = value.to(dtype).requires_grad_()
    wanted = torch.promote_types(dtype, torch.float32)
    reductions = [{}]
    if "reduction" in annotations(function):
        reductions = [{"reduction": name} for name in ("mean", "sum", "none")]
    results = [function(**arguments, **reduction) for reduction in reductions]
    for result in results:
        assert result.isfinite().all()
        assert result.dtype == wanted
    if len(results) == 3:
        mean, total, each = results
        assert mean.shape == total.shape == ()
        torch.testing.assert_close(each.sum(), total, rtol=1e-3, atol=1e-3)
    if results[-1].requires_grad:
        results[-1].sum().backward()
        gradients = [arguments[key].grad for key in real_tensors(arguments)]
        assert all(g is None or not g.isnan().any() for g in gradients)


def misshapen(x: Tensor) -> dict[str, Tensor]:
    """The tensor with one dimension more, fewer, or of another size."""
    others = {"x[..., None]": x[..., None], "x[None]": x[None]}
    if x.dim():
        others |= {"x[0]": x[0], "x[:1]": x[:1], "twice": torch.cat([x, x])}
    return {how: other for how, other in others.items() if other.shape != x.shape}


@every
@few
@given(seeds)
def test_nothing_is_broadcast(name, seed):
    arguments = made(name, seed)
    for key, value in arguments.items():
        if isinstance(value, Tensor) and (name, key) not in FREE:
            for how, other in misshapen(value).items():
                result = outcome(ALL[name], arguments | {key: other})
                assert result is None, f"{key} as {how}, {tuple(other.shape)}"


@every
@few
@given(seeds)
def test_nan_is_not_hidden(name, seed):
    arguments = made(name, seed)
    for key in real_tensors(arguments):
        if (name, key) not in UNUSED:
            spoilt = arguments[key].clone()
            spoilt.view(-1)[seed % spoilt.numel()] = math.nan
            result = outcome(ALL[name], arguments | {key: spoilt})
            assert result is None or result.isnan().any(), key


@every
@few
@given(seeds, st.sampled_from([math.inf, -math.inf]))
def test_an_infinite_value_is_refused_by_name_or_counted(name, seed, value):
    arguments = made(name, seed)
    for key in real_tensors(arguments):
        spoilt = arguments[key].clone()
        spoilt.view(-1)[seed % spoilt.numel()] = value
        outcome(ALL[name], arguments | {key: spoilt})


@every
@few
@given(seeds, st.sampled_from([torch.int64, torch.bool, torch.float32]))
def test_another_dtype_is_refused_by_name_or_means_the_same(name, seed, dtype):
    arguments = made(name, seed)
    for key, value in arguments.items():
        # A matrix product takes two of one dtype, and autocast sees to that.
        product = name == "chunked_cross_entropy" and key != "target"
        if isinstance(value, Tensor) and value.dtype != dtype and not product:
            other = value.to(dtype)
            result = outcome(ALL[name], arguments | {key: other})
            same = outcome(ALL[name], arguments | {key: other.to(value.dtype)})
            if result is not None:
                torch.testing.assert_close(result, same, equal_nan=True)


@every
@few
@given(seeds)
def test_no_class_of_that_number(name, seed):
    arguments = made(name, seed)
    logits = next(iter(arguments.values()))
    for key in {"target", "tokens", "interval"} & set(arguments):
        value = arguments[key]
        if value.dtype == torch.int64 and logits.dim() > value.dim():
            for wrong in (-1, 1000):
                spoilt = torch.full_like(value, wrong)
                result = outcome(ALL[name], arguments | {key: spoilt})
                assert result is None, f"{key} of {wrong}"


@every
def test_scores_without_a_dimension_of_classes_are_refused(name):
    arguments = made(name, 0)
    logits, target = arguments.get("logits"), arguments.get("target")
    if logits is not None and target is not None and logits.dim() > target.dim():
        flat = {"logits": logits.flatten()[:3], "target": target.flatten()[:3]}
        assert outcome(ALL[name], arguments | flat) is None


@every
def test_an_empty_batch_sums_to_zero_or_is_refused(name):
    arguments = made(name, 0)
    n = len(next(iter(arguments.values())))
    for key, value in arguments.items():
        if isinstance(value, Tensor) and value.dim() and len(value) == n:
            arguments[key] = value[:0]
    if "reduction" in annotations(ALL[name]):
        total = outcome(ALL[name], arguments | {"reduction": "sum"})
        each = outcome(ALL[name], arguments | {"reduction": "none"})
        assert total is None or (total == 0 and each.isfinite().all())


def numbers(function: Callable) -> dict[str, str]:
    """The parameters that take a number, and their annotations."""
    notes = annotations(function).items()
    return {key: note for key, note in notes if re.search(r"\b(float|int)\b", note)}


@every
def test_a_wrong_option_is_refused_by_name(name):
    arguments = made(name, 0)
    for key, note in numbers(ALL[name]).items():
        if "Tensor" not in note and "float" in note and key not in {"quantiles"}:
            result = outcome(ALL[name], arguments | {key: math.nan})
            assert result is None, f"{key} of NaN"
            for value in (math.inf, -math.inf, -1.0, 0.0):
                result = outcome(ALL[name], arguments | {key: value})
                assert result is None or not result.isnan().any(), f"{key} of {value}"
    if "reduction" in annotations(ALL[name]):
        assert outcome(ALL[name], arguments | {"reduction": "avg"}) is None


# Optimizers, and functions of numbers

OPTIMIZERS = {
    name: thing
    for name, thing in found("optimizers").items()
    if inspect.isclass(thing) and issubclass(thing, torch.optim.Optimizer)
}


def optimizer(name: str, options: dict) -> torch.optim.Optimizer | None:
    """The optimizer of one parameter, or None where it refuses an option by name."""
    parameter = torch.nn.Parameter(torch.ones(2, 2))
    required = {"Lars": {"lr": 0.1}, "SAM": {"base_optimizer": torch.optim.SGD}}
    arguments = {"params": [parameter]} | required.get(name, {}) | options
    return outcome(OPTIMIZERS[name], arguments)


def bad_values(note: str) -> list:
    if note.startswith("tuple"):
        return [(math.nan, 0.9), (0.9, math.nan), (1.0, 0.9), (0.9, 1.5), (-0.1, 0.9)]
    return [math.nan, -1.0]


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_an_optimizer_refuses_numbers_that_are_none(name):
    assert optimizer(name, {}) is not None
    for key, note in numbers(OPTIMIZERS[name]).items():
        for value in bad_values(note):
            assert optimizer(name, {key: value}) is None, f"{key} of {value}"


NUMBERS: dict[str, dict] = {
    "convert_weight_decay": {
        "value": 0.01,
        "source": "lr",
        "target": "l2",
        "lr": 0.1,
    },
    "gradient_noise_scale": {
        "small_square": 2.0,
        "large_square": 1.0,
        "small": 8,
        "large": 64,
    },
    "half_life_decay": {"half_life": 10.0},
    "inverse_sqrt": {"calls": 3},
    "same_half_life": {"decay": 0.9, "factor": 2.0},
    "seeds_needed": {"difference": 0.1, "spread": 0.2},
    "warmup_decay": {"calls": 3, "warmup": 2, "total": 10},
}
PLAIN = {"float", "int", "str", "float | None", "int | None"}
OF_NUMBERS = {
    name: function
    for name, function in found("training").items()
    if inspect.isfunction(function)
    and numbers(function)
    and set(annotations(function).values()) <= PLAIN
    and inspect.signature(function).return_annotation in (int, float)
}


def test_every_function_of_numbers_is_fuzzed():
    assert set(OF_NUMBERS) == set(NUMBERS)


@pytest.mark.parametrize("name", sorted(NUMBERS))
def test_a_function_refuses_numbers_that_are_none(name):
    function, arguments = OF_NUMBERS[name], NUMBERS[name]
    assert math.isfinite(function(**arguments))
    for key, note in numbers(function).items():
        for value in [math.nan, math.inf, -math.inf, -1, 0]:
            if "float" in note or isinstance(value, int):
                result = outcome(function, arguments | {key: value})
                assert result is None or math.isfinite(result), f"{key} of {value}"
                assert result is None or value == value, f"{key} of NaN"
