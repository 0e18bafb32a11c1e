"""The page runner runs what is shown, and its failures name the line to edit."""

import shutil
from pathlib import Path

import pytest

from tools.pages import ROOT
from tools.run import Page, RunError


@pytest.fixture
def run(tmp_path: Path):
    """Write a page and run all of it; return the names that it leaves behind."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    folder = tmp_path / "snippets"
    folder.mkdir()
    (folder / "divide.py").write_text(
        '"""Divide."""\n\n\ndef divide(a, b):\n    quotient = a / b\n    return quotient\n'
    )

    def runner(text: str, number: int = 10**6):
        path = tmp_path / "page.md"
        path.write_text(text)
        page = Page(path, tmp_path)
        page.run(number)
        return vars(page.module)

    return runner


def test_blocks_run_in_order_as_one_module(run):
    names = run(
        "```python\nx = 1\n```\n\ntext\n\n```python\ny = x + 1\n```\n\n"
        '```{.python .notest reason="no"}\nnever = 1\n```\n\n```text\nz = = 3\n```\n'
    )
    assert names["y"] == 2
    assert "never" not in names


def test_a_single_block_runs_after_those_above_it_only(run):
    text = "```python\nx = 1\n```\n\n```python\ny = x\n```\n\n```python\n1 / 0\n```\n"
    assert run(text, number=6)["y"] == 1


def test_page_is_a_real_module(run):
    names = run(
        "```python\nfrom dataclasses import dataclass\n\n\n@dataclass\nclass Pair:\n"
        "    a: 'int'\n\n\npair = Pair(1)\n```\n"
    )
    assert names["pair"].a == 1


def test_failure_in_a_snippet_names_page_and_snippet(run):
    text = '# T\n\n```python\n--8<-- "snippets/divide.py"\n```\n\n```python\n\ndivide(1, 0)\n```\n'
    with pytest.raises(RunError) as caught:
        run(text)
    assert str(caught.value).splitlines() == [
        "page.md:9: this block fails",
        "page.md:9: divide(1, 0) (in <module>)",
        "snippets/divide.py:5: quotient = a / b (in divide)",
        "ZeroDivisionError: division by zero",
    ]


def test_type_error_and_syntax_error_name_the_line(run):
    with pytest.raises(RunError, match=r"page.md:3: len\(1\)"):
        run("```python\nx = 1\nlen(1)\n```\n")
    with pytest.raises(RunError, match=r"(?s)page.md:3: x = = 2.*SyntaxError"):
        run("```python\nx = 1\nx = = 2\n```\n")


def test_a_failed_page_stays_failed(tmp_path):
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    path = tmp_path / "page.md"
    path.write_text("```python\n1 / 0\n```\n\n```python\nx = 1\n```\n")
    page = Page(path, tmp_path)
    for number in (2, 2, 6):
        with pytest.raises(RunError, match="page.md:2: this block fails"):
            page.run(number)


def test_a_warning_is_a_failure(run):
    with pytest.raises(RunError, match="page.md:2: .*\n.*\nUserWarning: careful"):
        run("```python\nimport warnings; warnings.warn('careful')\n```\n")


OUTPUT = "```python\nprint(1)\nprint(2)\n```\n\n```{.text .output}\n%s\n```\n"


def test_shown_output_is_compared(run):
    run(OUTPUT % "1\n2")
    run(OUTPUT % "1\n...")
    with pytest.raises(
        RunError, match=r"(?s)page.md:7: .*Shown:\n    1\n    3\nGot:\n"
    ):
        run(OUTPUT % "1\n3")


RAISES = "```{.python .raises}\n%s\n```\n\n```{.text .output}\n%s\n```\n"


def test_raises_compares_the_message(run):
    run(
        RAISES % ("int('x')", "ValueError: invalid literal for int() with base 10: 'x'")
    )
    with pytest.raises(RunError, match="page.md:6: the page shows another output"):
        run(
            RAISES
            % ("int('y')", "ValueError: invalid literal for int() with base 10: 'x'")
        )


def test_raises_takes_a_warning(run):
    code = "import warnings\nwarnings.warn('careful')\nafter = 1"
    assert run(RAISES % (code, "UserWarning: careful"))["after"] == 1
    with pytest.raises(RunError, match="page.md:8: the page shows another output"):
        run(RAISES % (code, "UserWarning: careless"))


def test_raises_that_does_not_raise_fails(run):
    with pytest.raises(RunError, match=r"page.md:2: .*nothing was raised"):
        run(RAISES % ("x = 1", "ValueError: x"))
