"""The optimizer tables: all 15 are there, and cells agree with other witnesses."""

import importlib
import inspect

import pytest
import torch
from torch.optim import Optimizer

from snippets.optimizers.reference import mistakes
from snippets.optimizers.reference.optimizer_contract import optimizer_contract
from snippets.optimizers.reference.overview import CHAPTERS

NAMES = sorted(
    name
    for name, thing in vars(torch.optim).items()
    if inspect.isclass(thing) and issubclass(thing, Optimizer) and thing != Optimizer
)
TABLES = "overview", "defaults", "state", "implementations", "kinds", "gradients"
TABLES += ("first_step",)


@pytest.fixture(scope="module")
def shown() -> dict[str, dict[str, list[str]]]:
    """The cells of each table by optimizer, as a reader sees them."""
    found = {}
    for table in TABLES:
        module = importlib.import_module(f"snippets.optimizers.reference.{table}")
        cells = {}
        for row in module.table().splitlines()[2:]:
            name, *rest = [cell.strip() for cell in row.strip("|").split("|")]
            cells[name.partition("]")[0].strip("[ ")] = rest
        found[table] = cells
    return found


def test_all_15_are_in_every_table(shown):
    assert len(NAMES) == 15
    assert sorted(CHAPTERS) == NAMES
    for table, cells in shown.items():
        assert [name for name in cells if "," not in name] == list(CHAPTERS), table
        assert len({len(rest) for rest in cells.values()}) == 1, table
        assert max(len(rest) for rest in cells.values()) <= 4, table


def test_defaults_are_what_a_fresh_optimizer_has(shown):
    for name in NAMES:
        p = torch.ones(2, 2)
        group = getattr(torch.optim, name)([p]).param_groups[0]
        told = shown["defaults"][name][0].replace("`", "").split("<br>")
        for cell in told:
            argument, _, value = cell.partition(" ")
            if argument in group:
                expected = group[argument]
                # Two optimizers round what they store.
                assert value in (
                    str(expected),
                    str(
                        inspect.signature(getattr(torch.optim, name))
                        .parameters[argument]
                        .default
                    ),
                )
        switches = {"foreach", "fused", "capturable", "differentiable", "maximize"}
        arguments = set(inspect.signature(getattr(torch.optim, name)).parameters)
        assert {cell.split()[0] for cell in told} == arguments - switches - {"params"}


def test_defaults_that_the_page_states(shown):
    told = {name: cells[0] for name, cells in shown["defaults"].items()}
    assert "`weight_decay 0.01`" in told["AdamW"] and "`lr 0.001`" in told["SGD"]
    assert "`weight_decay 0.1`" in told["Muon"] and "`momentum 0.95`" in told["Muon"]
    zero = {n for n in told if "`weight_decay 0`" in told[n] or "decay 0.0`" in told[n]}
    with_decay = {n for n in told if "`weight_decay" in told[n]}
    assert with_decay - zero == {"AdamW", "Muon"}


def test_state_bytes_by_hand(shown):
    moments = {0: "SGD", 1: "RMSprop Adagrad ASGD Muon"}
    moments[2] = "Adam AdamW NAdam RAdam Adamax SparseAdam Adadelta Rprop"
    for count, names in moments.items():
        for name in names.split():
            assert shown["state"][name][0] == str(4 * count), name
    assert shown["state"]["SGD, momentum"][0] == "4"
    assert shown["state"]["Adam, amsgrad"][0] == "12"
    # 512 rows and 512 columns of float32 for 512 * 512 parameters.
    assert float(shown["state"]["Adafactor"][0]) == pytest.approx(8 / 512, abs=1e-3)
    assert shown["state"]["Adafactor"][1] == "4"
    assert shown["state"]["Muon"][1] == "–"
    # 100 pairs of vectors, the direction and the last gradient.
    full = float(shown["state"]["LBFGS, full"][0])
    assert full == pytest.approx(4 * (200 + 2), rel=0.01)


def test_sparse_by_an_embedding(shown):
    for name in NAMES:
        layer = torch.nn.Embedding(5, 3, sparse=True)
        optimizer = getattr(torch.optim, name)(layer.parameters())
        before = layer.weight.detach().clone()
        layer(torch.tensor([1, 1, 4])).sum().backward()
        try:
            with torch.sparse.check_sparse_tensor_invariants():
                optimizer.step(lambda: torch.ones(()))
            moved = (layer.weight != before).any(dim=1).tolist()
            assert moved == [False, True, False, False, True]
            taken = "yes"
        except RuntimeError:
            taken = "no"
        assert shown["kinds"][name][2] == shown["overview"][name][3] == taken, name
    takes = {name for name in NAMES if shown["kinds"][name][2] == "yes"}
    assert takes == {"SGD", "SparseAdam", "Adagrad", "LBFGS"}


def test_implementations_against_torchs_own_flags(shown):
    fused = {
        name for name, cells in shown["implementations"].items() if cells[1] == "runs"
    }
    assert fused == {"SGD", "Adam", "AdamW", "Adagrad"}
    for name, cells in shown["implementations"].items():
        arguments = inspect.signature(getattr(torch.optim, name)).parameters
        for cell, switch in zip(
            cells, ("foreach", "fused", "capturable", "differentiable"), strict=True
        ):
            assert (cell == "–") == (switch not in arguments)
            if switch in ("foreach", "fused", "differentiable") and cell != "–":
                assert cell == "runs"
        assert cells[2] in ("raises", "–")


def test_lost_in_bfloat16_is_a_matter_of_the_default_lr(shown):
    lost = {name for name, cells in shown["kinds"].items() if cells[1] == "lost"}
    assert lost == {"SGD", "Adam", "AdamW", "RAdam", "SparseAdam", "Muon"}
    for name in lost:
        assert getattr(torch.optim, name)([torch.ones(1, 1)]).defaults["lr"] <= 0.001
    assert torch.finfo(torch.bfloat16).eps / 2 == pytest.approx(0.004, abs=2e-4)
    assert optimizer_contract(torch.optim.SGD, lr=0.1)["bfloat16"] == "moves"


def test_gradient_cells_by_formula(shown):
    cells = shown["gradients"]
    assert {cells[name][2] for name in NAMES} == {"0"}
    m, v = 0.9 * 0.1 / (1 - 0.9**2), 0.999 * 0.001 / (1 - 0.999**2)
    assert float(cells["Adam"][1]) == pytest.approx(m / v**0.5, abs=0.01)
    assert cells["Adam"][1] == cells["AdamW"][1] == cells["SparseAdam"][1]
    assert {n for n in NAMES if cells[n][0] == "moves"} == {"AdamW", "ASGD", "Muon"}
    assert {n for n in NAMES if cells[n][3] == "12"} == {"Muon", "Adafactor"}
    assert {n for n in NAMES if cells[n][3] == "0"} == {"Rprop"}
    assert cells["Muon"][1] == "1"


def test_first_steps_by_formula(shown):
    cells = shown["first_step"]
    for name in ("SGD", "ASGD", "RAdam"):
        assert cells[name] == ["0.001", "1", "1000"]
    for name in ("Adam", "AdamW", "Adamax", "SparseAdam", "Adagrad", "Rprop"):
        assert cells[name] == ["1", "1", "1"]
    assert set(cells["RMSprop"]) == {"10"}  # 1 / sqrt(1 - 0.99)
    root = (1e-6 / 0.1) ** 0.5  # sqrt(eps) over sqrt(1 - rho)
    assert float(cells["Adadelta"][2]) == pytest.approx(root, rel=0.02)
    assert float(cells["LBFGS"][1]) == pytest.approx(1 / 12, rel=0.02)
    assert [cells[name][1] for name in NAMES] == [
        shown["overview"][name][2] for name in NAMES
    ]


def test_adafactor_follows_the_size_of_the_weights():
    steps = []
    for size in (1.0, 10.0):
        p = torch.full((4, 3), size)
        p.grad = torch.ones(4, 3)
        torch.optim.Adafactor([p]).step()
        steps.append(size - p.mean().item())
    assert steps[1] / steps[0] == pytest.approx(10, rel=1e-3)


# optimizer_contract, on an optimizer of which everything is known


class Planted(Optimizer):
    """Keeps 3 float64 vectors, triples a second step, treats None as a gradient of 1."""

    def __init__(self, params, lr=0.5, foreach=None, fused=None):
        if fused:
            raise NotImplementedError
        super().__init__(params, {"lr": lr})

    def step(self, closure=None):
        for p in self.param_groups[0]["params"]:
            g = torch.ones_like(p) if p.grad is None else p.grad
            if p.is_complex() or g.is_sparse:
                raise OverflowError
            t = self.state[p]["t"] = self.state[p].get("t", -1) + 1
            self.state[p]["kept"] = [torch.zeros(p.shape).double()] * 3
            p.sub_(g.mean() * torch.ones_like(p), alpha=0.5 * 3**t)


def test_contract_of_a_planted_optimizer():
    facts = optimizer_contract(Planted)
    assert facts["matrix"] == facts["vector"] == "24"
    assert facts["state"] == "t, kept"
    assert [facts[f"first {g}"] for g in ("0.001", "1", "1000")] == [
        "0.001",
        "1",
        "1000",
    ]
    assert facts["None"] == "3" and facts["zero second"] == "0"
    assert facts["zero first"] == "stands still" and facts["nan"] == "12"
    assert facts["sparse"] == facts["complex"] == "OverflowError"
    assert facts["foreach"] == "moves"
    assert facts["fused"] == "NotImplementedError" and facts["maximize"] == "–"
    assert facts["bfloat16"] == "moves"


def test_contract_takes_options():
    assert optimizer_contract(torch.optim.SGD, momentum=0.9)["matrix"] == "4"
    decayed = optimizer_contract(torch.optim.SGD, weight_decay=0.1)
    assert decayed["zero first"] == "moves" and decayed["first 1"] == "1"


# Messages


@pytest.fixture(scope="module")
def sections() -> dict[str, str]:
    parts = mistakes.table().split("### ")[1:]
    return {part.partition(" { #")[0]: part for part in parts}


def test_every_mistake_has_a_section_with_rows(sections):
    assert list(sections) == [*mistakes.MISTAKES, *mistakes.UNSUPPORTED]
    for text in sections.values():
        rows = [line for line in text.splitlines() if line.startswith("|")]
        assert len(rows) >= 3
        assert {row.count("|") for row in rows} == {3}
    slugs = [text.partition("#")[2].partition(" ")[0] for text in sections.values()]
    assert len(set(slugs)) == len(slugs)
    assert "raises-capturable-true-cpu" in slugs


def test_messages_that_people_search(sections):
    for mistake, message in {
        "`lr=-1`": "Invalid learning rate: -1.0",
        "no parameters": "all | `ValueError: optimizer got an empty parameter list`",
        "a vector": "Muon | `ValueError: Muon only supports 2D parameters",
        "two groups": "LBFGS | `ValueError: LBFGS doesn't support per-parameter",
        "a sparse gradient": "Adam, AdamW | `RuntimeError: Adam does not support sparse",
        "a group with `lr=-1`": "| all | **silent** |",
    }.items():
        assert message in sections[mistake]
    assert "Adagrad" not in sections["a sparse gradient"]
    assert "**silent**" not in sections["complex parameters"]


def test_every_optimizer_refuses_a_negative_lr(sections):
    assert "**silent**" not in sections["`lr=-1`"]
    assert all(name in sections["`lr=-1`"] for name in NAMES)
