"""The page reader sees what the site shows, and knows where each line was written."""

import shutil
from pathlib import Path

import pytest

from tools.pages import ROOT, PageError, read


@pytest.fixture
def page(tmp_path: Path):
    """Write a page, and a snippet to include; return its fences."""
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    folder = tmp_path / "snippets"
    folder.mkdir()
    (folder / "two.py").write_text("def one():\n    return 1\n\n\ntwo = 2\n")
    (folder / "part.py").write_text(
        "a = 1\n# --8<-- [start:part]\nb = 2\n\nc = 3\n# --8<-- [end:part]\n"
    )

    def reader(text: str):
        path = tmp_path / "page.md"
        path.write_text(text)
        return read(path, tmp_path)

    return reader


def origins(fence):
    return [(line.text, line.path.name, line.number) for line in fence.lines]


def test_include_is_expanded_and_each_line_knows_its_file(page):
    (fence,) = page(
        '# Title\n\n```python\nx = 0\n--8<-- "snippets/two.py"\ny = 9\n```\n'
    )
    assert origins(fence) == [
        ("x = 0", "page.md", 4),
        ("def one():", "two.py", 1),
        ("    return 1", "two.py", 2),
        ("", "two.py", 3),
        ("", "two.py", 4),
        ("two = 2", "two.py", 5),
        ("", "two.py", 6),
        ("y = 9", "page.md", 6),
    ]
    assert fence.number == 4


def test_section_keeps_the_lines_of_its_file(page):
    (fence,) = page('```python\n--8<-- "snippets/part.py:part"\n```\n')
    assert origins(fence) == [
        ("b = 2", "part.py", 3),
        ("", "part.py", 4),
        ("c = 3", "part.py", 5),
    ]
    assert fence.number == 2


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1\n```\n",
        '!!! note "A"\n\n    ```python\n    x = 1\n    ```\n',
        '=== "A"\n\n    ```python\n    x = 1\n    ```\n',
        '??? example "A"\n\n    ```{.python}\n    x = 1\n    ```\n',
        "- item\n\n    ~~~python\n    x = 1\n    ~~~\n",
        "> ```python\n> x = 1\n> ```\n",
    ],
)
def test_fences_are_found_wherever_the_site_renders_them(page, text):
    (fence,) = page("Text.\n\n" + text)
    assert fence.source == "x = 1\n"
    assert fence.runs
    assert fence.number == 3 + text.split("\n").index(
        next(line for line in text.split("\n") if "x = 1" in line)
    )


def test_indented_include_is_dedented_as_the_reader_sees_it(page):
    (fence,) = page('=== "A"\n\n    ```python\n    --8<-- "snippets/two.py"\n    ```\n')
    assert fence.source.startswith("def one():\n    return 1\n")


def test_escaped_include_is_shown_and_not_included(page):
    (fence,) = page('```text\n;--8<-- "snippets/two.py"\n```\n')
    assert fence.source == '--8<-- "snippets/two.py"\n'


def test_markers_and_options(page):
    fences = page(
        '```{.python .raises title="x.py"}\n1 / 0\n```\n\n'
        "```{.text .output}\nZeroDivisionError: division by zero\n```\n\n"
        '```{.python .notest reason="needs CUDA"}\nx.cuda()\n```\n'
    )
    assert [(f.language, f.marker, f.runs) for f in fences] == [
        ("python", "raises", True),
        ("text", "output", False),
        ("python", "notest", False),
    ]
    assert fences[0].options == {"title": "x.py"}
    assert fences[2].options == {"reason": "needs CUDA"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a\n```python\n--8<-- "snippets/none.py"\n```\n', r"page.md:3: .*none.py"),
        ('```python\n--8<-- "snippets/part.py:no"\n```\n', r"page.md:2: .*'no'"),
        ("--8<--\nsnippets/two.py\n--8<--\n", r"page.md:1: write each include as"),
        ("a\n\n```python notest\nx\n```\n", r"page.md:\d+: .* not a fence"),
        ("a\n\n```python\nx = 1\n", r"page.md:\d+: .* not a fence"),
        ("```{.python .raise}\nx\n```\n", r"page.md:2: unknown marker \['raise'\]"),
        ("```{.python .notest}\nx\n```\n", r"page.md:2: .notest needs reason"),
        ("```{.python .raises}\nx\n```\n", r"page.md:2: a .raises block shows"),
        ("```{.text .output}\nx\n```\n", r"page.md:2: an .output block follows"),
    ],
)
def test_what_cannot_be_read_names_the_line(page, text, message):
    with pytest.raises(PageError, match=message):
        page(text)
