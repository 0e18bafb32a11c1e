"""The page on the tests counts what there is, and a test file must say what it holds."""

import ast
import re

import pytest

from tests.conftest import due
from tools import suite
from tools.artefacts import find
from tools.pages import ROOT, PageError, read

PAGE = ROOT / "docs/reference/tested.md"
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))


def test_every_file_of_tests_is_listed_with_its_sentence_and_its_tests():
    found = {file.name: file for file in suite.test_files()}
    assert len(found) == len(TESTS)
    for path in TESTS:
        tree = ast.parse(path.read_text("utf-8"))
        functions = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]
        file = found[path.relative_to(ROOT / "tests").as_posix()]
        assert file.tests == sum(n.name.startswith("test_") for n in functions), path
        docstring = " ".join(ast.get_docstring(tree).split())
        assert docstring.startswith(file.says) and file.says.endswith("."), path
        assert f"| `{file.name}` | {file.tests} | {file.says} |" in suite.files()


@pytest.mark.parametrize("text", ["import os\n", '"""no sentence"""\n', "'''One.'''\n"])
def test_a_file_of_tests_must_say_what_it_holds(tmp_path, text):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_new.py").write_text(text)
    with pytest.raises(PageError, match=r"^tests/test_new.py:1: wanted .*, got "):
        suite.test_files(tmp_path)


@pytest.mark.parametrize(
    "page", [p for i, p in enumerate((ROOT / "docs").rglob("*.md")) if due(i, 8)]
)
def test_blocks_are_counted_as_the_page_reader_sees_them(page):
    counted = suite.blocks(page)
    fences = read(page)
    for marker in ("raises", "output", "notest"):
        assert counted[marker] == sum(fence.marker == marker for fence in fences)
    runs = counted["plain"] + counted["raises"]
    assert runs == sum(fence.runs for fence in fences)


def test_a_block_inside_another_is_not_counted(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "````markdown\n```python\n```\n````\n\n"
        '    ```{.python title="raises.py"}\n    1\n    ```\n\n~~~python\n~~~\n'
    )
    assert suite.blocks(page) == {"plain": 2}


def test_every_block_that_does_not_run_is_listed_with_its_reason():
    rows = suite.not_run().splitlines()[2:]
    found = []
    for page in sorted((ROOT / "docs").rglob("*.md")):
        if ".notest" in page.read_text("utf-8"):
            reasons = [f.options["reason"] for f in read(page) if f.marker == "notest"]
            found += [(page.stem, reason) for reason in reasons]
    assert [(page, row) for page, row in found if row not in "\n".join(rows)] == []
    assert len(rows) == len(found) > 0


def test_counts_are_those_of_the_project(documents, site):
    html = (site / "reference/tested/index.html").read_text("utf-8")
    rows = re.findall(
        r'<td style="text-align: right;">(\d+)</td>\s*<td>(.*?)</td>', html
    )
    counted = {re.sub("<[^>]+>", "", what): int(n) for n, what in rows}
    snippets = find()
    figures = sum(s.verb == "figure" for s in snippets)
    assert counted["figures, drawn when the site is built"] == figures
    assert counted["snippets, each doctested"] == len(snippets)
    assert counted["files of tests"] == len(TESTS)
    assert all(counted.values())
    assert counted["findings of theirs, each held in both runs"] > 100


def test_the_page_types_in_no_number():
    text = PAGE.read_text("utf-8").split("---\n", 2)[2]
    text = re.sub(r"^```.*?^```|`[^`]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"(?<![\w.#])\d+(?!\w)", text)) <= {"0"}
