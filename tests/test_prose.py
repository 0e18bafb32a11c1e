"""House terms and spelling: what is found, where, and what is left alone."""

import subprocess
import sys

import pytest

from tools import new, prose
from tools.pages import ROOT

PAGE = """---
title: Notes
tags: [optimiser]
---

# Notes

Text. Normalization helps, and you can Simply use
it. PyTorch and `optimiser` are fine. Note
that this spans two lines.
"""
FINE = [
    "`dataset`, ``a ` dataset``",
    "```text\ndataset\n```",
    "    ```{.python .raises}\n    dataset\n    ```",
    "````\n```\ndataset\n````",
    "~~~\ndataset\n~~~",
    "```text\na ``` dataset\n```",
    "$dataset$",
    "<b class=dataset>x</b> MultiLabel<wbr>MarginLoss <!-- a -> b\ndataset -->",
    "[x](dataset.md) [x][dataset] https://x.example/dataset",
    "# x { #dataset }",
    "::: dataset",
    "[x]: dataset",
    "> dataset",
    '"a dataset" “a dataset”',
    "*How to set the dataset size*",
    "dataset-size, dataset.py, pytorch#114467, pytorch/examples, my_dataset",
]


def findings(root, text: str) -> list[str]:
    (root / "tools").mkdir(exist_ok=True)
    (root / "docs").mkdir(exist_ok=True)
    (root / prose.TERMS).write_bytes((ROOT / prose.TERMS).read_bytes())
    (root / "docs/page.md").write_text(text)
    return [str(finding) for finding in prose.check(root)]


def test_pages_use_the_house_terms():
    assert not [str(finding) for finding in prose.check()]


def test_nothing_is_left_to_write():
    """What `tools/new.py` lays out is marked where it has to be filled in."""
    paths = [ROOT / "docs", ROOT / "snippets", ROOT / "tests"]
    left = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for folder in paths
        for path in sorted([*folder.rglob("*.md"), *folder.rglob("*.py")])
        for number, line in enumerate(path.read_text("utf-8").split("\n"), start=1)
        if new.MARK in line
    ]
    assert not left


def test_a_finding_has_its_line_and_what_to_write(tmp_path):
    assert findings(tmp_path, PAGE) == [
        "docs/page.md:8: 'Normalization': write normalisation",
        "docs/page.md:8: 'Simply': write nothing: leave it out",
        "docs/page.md:9: 'Note that': write the fact itself",
    ]


@pytest.mark.parametrize("text", FINE)
def test_what_is_not_prose_is_left_alone(tmp_path, text):
    # What stands around it is read, on its own line.
    page = f"dataset\n\n{text}\n\n**a dataset** pytorch\n"
    last = page.count("\n")
    assert findings(tmp_path, page) == [
        "docs/page.md:1: 'dataset': write data set",
        f"docs/page.md:{last}: 'dataset': write data set",
        f"docs/page.md:{last}: 'pytorch': write PyTorch",
    ]


def test_a_bad_pattern_is_named(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / prose.TERMS).write_text('"(a" = "b"')
    with pytest.raises(ValueError, match=r"tools/terms.toml: '\(a': missing \)"):
        prose.terms(tmp_path)


def test_the_command_fails_with_its_findings(tmp_path, monkeypatch, capsys):
    findings(tmp_path, PAGE)
    monkeypatch.setattr(prose.check, "__defaults__", (tmp_path,))
    with pytest.raises(SystemExit) as exit:
        prose.main()
    assert exit.value.code == 1
    assert "page.md:8" in capsys.readouterr().out


def spelling(*paths) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "codespell_lib", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, text=True, capture_output=True)


def test_spelling(tmp_path):
    result = spelling()
    assert result.returncode == 0, result.stdout
    page = tmp_path / "page.md"
    wrong = "param" + "ater"
    page.write_text(f"The first\n{wrong} of Buda et al.\n")
    result = spelling(page)
    assert result.stdout == f"{page}:2: {wrong} ==> parameter\n"
    assert result.returncode != 0
