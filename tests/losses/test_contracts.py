"""The contracts: every loss is called, and the probes see what they should."""

import warnings
from functools import partial

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from snippets.losses.contracts import mistakes, overview
from snippets.losses.contracts.example_tensors import example_tensors
from snippets.losses.contracts.loss_contract import loss_contract
from snippets.losses.contracts.misuse_report import misuse_report

LOSSES = {
    name: loss
    for losses in overview.FAMILIES.values()
    for name, loss in losses().items()
}
every = pytest.mark.parametrize("name", LOSSES)


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, str]]:
    """The overview by loss and column, as a reader sees it."""
    head, _, *rows = [line.split(" | ") for line in overview.table().splitlines()]
    columns = [cell.strip("| ") for cell in head]
    found = {}
    for row in rows:
        cells = dict(zip(columns, [cell.strip("| ") for cell in row], strict=True))
        found[cells["loss"].partition("]")[0].strip("[")] = cells
    return found


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    parts = mistakes.table().split("### ")[1:]
    return {part.split()[0]: part for part in parts}


def test_every_loss_of_torch_has_its_row_and_its_section(facts, sections):
    losses = {name for name in dir(nn) if name.endswith("Loss")}
    assert set(facts) == losses
    assert set(sections) == losses


@every
def test_valid_arguments_are_valid_and_function_and_module_agree(name):
    loss = LOSSES[name]
    for signature in loss["signatures"]:
        tensors = example_tensors(signature)
        results = []
        for call in filter(None, [loss["class"](), loss.get("function")]):
            if name == "KLDivLoss" and call is loss["function"]:
                call = partial(call, reduction="batchmean")
            leaf = tensors[0].clone().requires_grad_()
            value = call(leaf, *tensors[1:])
            assert value.isfinite()
            results.append((value, *torch.autograd.grad(value, leaf)))
        for other in results[1:]:
            torch.testing.assert_close(results[0], other)


def test_divisors_that_readers_meet(facts):
    divisors = {name: row["mean divides by"] for name, row in facts.items()}
    assert divisors["MSELoss"] == "N·D"
    assert divisors["BCEWithLogitsLoss"] == divisors["BCELoss"] == "N·C"
    assert divisors["CrossEntropyLoss"] == divisors["TripletMarginLoss"] == "N"
    assert divisors["CTCLoss"] == "N·S"
    assert divisors["KLDivLoss"] == "N·C; batchmean: N"


def test_what_the_page_says_of_empty_batches_and_half_precision(facts):
    empty = {name: row["empty batch"] for name, row in facts.items()}
    unwritten = {n for n, text in empty.items() if text == "unwritten memory"}
    assert unwritten == {"MultiMarginLoss", "MultiLabelMarginLoss"}
    assert {n for n in empty if empty[n] == "RuntimeError"} == {"CTCLoss"}
    assert set(empty.values()) == {"nan", "unwritten memory", "RuntimeError"}
    kernels = {n for n, row in facts.items() if row["half precision"] != "kept"}
    assert kernels == {"MultiMarginLoss", "MultiLabelMarginLoss", "CTCLoss"}


def test_targets_that_silently_take_a_gradient(facts):
    gradient = {name: row["gradient in the target"] for name, row in facts.items()}
    assert gradient["MSELoss"] == gradient["KLDivLoss"] == "yes"
    assert gradient["CrossEntropyLoss"] == "no"  # classes are integers
    assert gradient["SoftMarginLoss"] == "RuntimeError"


def test_cross_entropy_section_has_the_messages_people_search(sections):
    text = sections["CrossEntropyLoss"]
    for message in (
        "expected target dtype to be Long or Byte, but got Float",
        "Expected floating point type for target with class probabilities, got Long",
        "Target 3 is out of bounds.",
        "0D or 1D target tensor expected, multi-target not supported",
    ):
        assert message in text
    assert "| softmax applied before | **silent**: " in text
    assert "| every target ignored (-100) | **silent**: nan |" in text


@every
@pytest.mark.filterwarnings("ignore")  # torch's, where a mistake calls the loss itself
def test_mistakes_are_what_they_are_called(name):
    tensors = example_tensors(LOSSES[name]["signatures"][0])
    for what, change in LOSSES[name].get("wrong", {}).items():
        try:
            changed = change(*tensors)
        except (TypeError, ValueError, RuntimeError):
            continue
        if not isinstance(changed, tuple) or "empty" in what:
            continue
        assert all(x.numel() for x in changed if isinstance(x, torch.Tensor)), what
        if what == "targets 0 and 1":
            assert set(changed[LOSSES[name]["target"]].flatten().tolist()) <= {0, 1}
        if what == "`var` of zeros":
            assert not changed[2].any()
        if what == "probabilities that sum to 2":
            assert changed[1].shape == changed[0].shape
            assert changed[1].sum(1).eq(2).all()
        if what == "all scores equal":
            assert torch.equal(changed[0], changed[1])
        if what == "features of another width":
            assert changed[0].shape[1] == tensors[0].shape[1] - 1


def test_silent_mistakes_that_give_no_number(sections):
    row = "| negative rates, `log_input=False` | **silent**: nan |"
    assert row in sections["PoissonNLLLoss"]


def test_every_row_has_two_cells(sections):
    for text in sections.values():
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len(rows) > 5
        for row in rows:
            assert row.replace("\\|", "").count("|") == 3, row


# The probes, on losses of which everything is known


class Planted(nn.Module):
    """Divides by D, takes float32 targets only, ignores half of what it gets."""

    def __init__(self, reduction="mean"):
        super().__init__()
        self.reduction = reduction

    def forward(self, x, y):
        if y.dtype != torch.float32:
            raise TypeError(f"want float32 | got {y.dtype}")
        loss = (x - y.detach()) ** 2
        if self.reduction == "none":
            return loss
        return loss.sum() / (x.shape[-1] if self.reduction == "mean" else 1)


def test_contract_of_a_planted_loss():
    facts = loss_contract(Planted, example_tensors("reals (N, D), whole reals (N, D)"))
    assert facts["target dtypes"] == "float32"
    assert facts["mean"] == "11"
    assert facts["target gradient"] == "no"
    assert facts["empty batch"] == "0"
    assert facts["float16"] == "TypeError"


def test_mistakes_of_a_planted_loss():
    tensors = example_tensors("reals (N, D), whole reals (N, D)")
    report = misuse_report(
        Planted(),
        tensors,
        wrong={
            "none": lambda x, y: (x, y),
            "opposite": lambda x, y: -Planted()(x, y),
            "zero": lambda x, y: (0 * x, y),
        },
    )
    assert report["target int64"] == "`TypeError: want float32 \\| got torch.int64`"
    assert "none" not in report
    assert report["opposite"].endswith(", gradient turned by 180°")
    assert report["zero"].endswith(", no gradient")
    assert report["NaN in the prediction"] == "**silent**: nan"
    assert report["prediction `(N, 1)`, target `(N,)`"].startswith("**silent**: ")


def test_a_warning_is_told_with_what_follows():
    def loss(x, y):
        warnings.warn("look `here`", stacklevel=1)
        return F.mse_loss(x, y)

    report = misuse_report(F.mse_loss, [torch.ones(5, 3)] * 2, wrong={"w": loss})
    assert report["w"] == "warns ``UserWarning: look `here```, then the same loss"


def test_deterministic_algorithms_are_left_as_they_were():
    pair = example_tensors("reals (*), reals (*)")
    for before in (True, False):
        torch.use_deterministic_algorithms(before)
        loss_contract(nn.MSELoss, pair)
        assert torch.are_deterministic_algorithms_enabled() == before


def test_example_tensors_are_what_they_are_called():
    for dim, shape in ((1, "(N, C)"), (1, "(N, C, H, W)")):
        (p,) = example_tensors(f"distributions {shape}")
        torch.testing.assert_close(p.sum(dim), torch.ones_like(p.sum(dim)))
    (p,) = example_tensors("log-distributions (T, N, C)")
    torch.testing.assert_close(p.logsumexp(2), torch.zeros(7, 5), atol=1e-6, rtol=0)
    for kind, values in {
        "classes": {0, 1, 2},
        "labels": {1, 2},
        "signs": {-1, 1},
        "zeros and ones": {0, 1},
        "counts": {0, 1, 2, 3},
        "whole reals": {0, 1, 2, 3},
    }.items():
        (t,) = example_tensors(f"{kind} (N, C)")
        assert set(t.flatten().tolist()) == values
    (lists,) = example_tensors("label lists (N, C)")
    assert lists[:, -1].eq(-1).all() and lists[:, 0].ge(0).all()


@pytest.mark.parametrize(
    "signature,message",
    [("magic (N)", "kind must be one of"), ("reals (Q)", "letters must be of")],
)
def test_example_tensors_refuses_what_it_does_not_know(signature, message):
    with pytest.raises(ValueError, match=message):
        example_tensors(signature)
