"""Stored results belong to their code, and an interrupted command goes on."""

import ast
import json
from pathlib import Path

import pytest

from tools import evidence
from tools.artefacts import ArtefactError, build, find
from tools.evidence import EvidenceError, code, runs, table

EXPERIMENT = '''"""Chance."""

import matplotlib.pyplot as plt
import torch

SEEDS = 4


def experiment(run):
    """Scores."""
    generator = torch.Generator().manual_seed(run)  # reproducible
    return {"score": _draw(generator)}


def _draw(generator):
    return torch.rand(SEEDS, generator=generator)


class _Finding:
    def __init__(self, values):
        self.what, self.text, self.bounds = "score", f"{values.mean():.3f}", "> 0"
        self.holds, mean = True, values.mean().item()
        self.estimate = mean, mean, mean


def findings(scores):
    """The mean."""
    return [_Finding(scores["score"])]


def figure(scores):
    """The scores."""
    fig, ax = plt.subplots()
    ax.plot(scores["score"])
    return fig
'''


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets/chance.py").write_text(EXPERIMENT)
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    return tmp_path


def fill(root: Path, **options) -> dict:
    evidence.fill(find(root), **{"again": False, "report": lambda line: None} | options)
    return json.loads((root / "snippets/chance.json").read_text())


def change(root: Path, old: str, new: str) -> None:
    path = root / "snippets/chance.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_results_are_stored_with_their_key_and_become_picture_and_table(root):
    data = fill(root)
    (snippet,) = find(root)
    assert data["key"] == snippet.code_key
    first, second = runs(snippet.path, snippet.code_key)
    assert first["score"].shape == (4,)
    assert not first["score"].equal(second["score"])
    results = build([snippet], root / "cache", root)
    assert set(results) == {"chance.svg", "chance.html", "chance.md"}
    means = [f"{run['score'].mean():.3f}" for run in (first, second)]
    assert (
        results["chance.md"].splitlines()[2] == f"| score | {' | '.join(means)} | > 0 |"
    )


def test_a_build_without_results_says_what_to_do(root):
    with pytest.raises(ArtefactError, match=r"missing: run `make evidence`"):
        build(find(root), root / "cache", root)


@pytest.mark.parametrize(
    ("old", "new", "stale"),
    [
        ("SEEDS = 4", "SEEDS = 5", True),
        ("torch.rand(", "torch.randn(", True),
        ("manual_seed(run)", "manual_seed(run + 1)", True),
        ('"""Scores."""', '"""Scores of chance."""', False),
        ("  # reproducible", "", False),
        ("ax.plot(", "ax.step(range(4), ", False),
        ('"> 0"', '"> 1"', False),  # a helper of a reader
        (
            "import matplotlib.pyplot as plt",
            "from matplotlib import pyplot as plt",
            False,
        ),
        ("return {", "torch.rand(1)\n    return {", True),
    ],
)
def test_results_are_stale_when_their_code_changes(root, old, new, stale):
    fill(root)
    change(root, old, new)
    (snippet,) = find(root)
    if stale:
        with pytest.raises(EvidenceError, match="of other code: run `make evidence`"):
            runs(snippet.path, snippet.code_key)
    else:
        assert len(runs(snippet.path, snippet.code_key)) == evidence.RUNS


def test_what_is_imported_counts_and_its_docstrings_do_not(root):
    other = root / "snippets/other.py"
    other.write_text('"""Other."""\n\n\ndef f():\n    """Doc."""\n    return 1\n')
    change(root, "import torch\n", "import torch\n\nfrom snippets.other import f\n")
    unused = find(root)[0].code_key
    change(root, "return {", "f()\n    return {")
    assert find(root)[0].code_key != unused
    keys = [find(root)[0].code_key]
    for old, new in (("Doc.", "Docs."), ("return 1", "return 2")):
        other.write_text(other.read_text().replace(old, new))
        keys.append(find(root)[0].code_key)
    assert keys[0] == keys[1] != keys[2]


def test_only_what_is_missing_is_run(root):
    fill(root)
    path = root / "snippets/chance.json"
    data = json.loads(path.read_text())
    del data["runs"]["1"]
    path.write_text(json.dumps(data))
    with pytest.raises(EvidenceError, match="its results are missing"):
        runs(path.with_suffix(".py"), data["key"])
    data["runs"]["0"]["scores"] = {"score": [0.5] * 4}  # to see that it is kept
    path.write_text(json.dumps(data))
    lines = []
    data = fill(root, report=lines.append)
    assert data["runs"]["0"]["scores"]["score"] == [0.5] * 4
    assert len(data["runs"]["1"]["scores"]["score"]) == 4
    assert len(lines) == 1
    fill(root, report=lines.append)
    assert lines[1:] == ["every experiment has the results of its present code"]
    assert fill(root, again=True)["runs"]["0"]["scores"]["score"] != [0.5] * 4


def test_what_was_measured_before_a_failure_is_kept(root):
    change(root, "generator = ", "assert run == 0, 'broken'\n    generator = ")
    with pytest.raises(
        EvidenceError, match=r"chance.py, run 2: AssertionError.'broken"
    ):
        fill(root)
    data = json.loads((root / "snippets/chance.json").read_text())
    assert list(data["runs"]) == ["0"]


def test_an_experiment_has_findings_and_a_figure(root):
    change(root, "def findings", "def _findings")
    with pytest.raises(ArtefactError, match=r"chance.py: define findings\(scores\)"):
        find(root)


def test_code_of_an_experiment_is_what_it_uses():
    text = ast.unparse(code(ast.parse(EXPERIMENT)))
    for absent in ("Scores", "figure", "findings", "_Finding", "matplotlib"):
        assert absent not in text
    for present in ("def experiment", "def _draw", "SEEDS = 4", "import torch"):
        assert present in text


def test_code_of_another_module_is_all_but_what_draws():
    text = """
import math
import matplotlib
LIMIT = math.pi
if LIMIT > 3:
    HIGH = True
print("always")
def area(r):
    return LIMIT * r**2
def figure():
    return matplotlib.figure.Figure()
"""
    left = ast.unparse(code(ast.parse(text)))
    assert "matplotlib" not in left
    for present in ("import math", "LIMIT = math.pi", "HIGH", "always", "def area"):
        assert present in left


def test_table_puts_the_runs_side_by_side():
    class Finding:
        what, text, bounds = "a", "1 [0, 2]", "> -1"

    assert table([[Finding], [Finding]]).splitlines()[2] == (
        "| a | 1 [0, 2] | 1 [0, 2] | > -1 |"
    )
