"""A rendered notebook becomes a page like the others: nothing lost, nothing foreign."""

import io
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import matplotlib
import nbformat
import pytest
from matplotlib import pyplot as plt
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import formulas, notebooks, style

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "docs").rglob("*.py"))

PROSE = r"""# A <b>title</b>

An inline formula, $a_i < b^*$, a price of \$5, and `$code$`.

$$
\sum_i x_i \ge 0 \quad \text{for } x > 0
$$

Before
$$x$$
after.

| a | b |
| --- | --- |
| 1 | $\delta$ |

```python
x = 1 < 2
```

## Again
"""
CODE = """\
%config InlineBackend.figure_formats = ["svg"]
# Figure: a line
# that <rises>.
print(1 < 2, "&amp;")"""


def drawing():
    path = Path(tempfile.mkdtemp()) / "matplotlibrc"
    path.write_text(style.MATPLOTLIBRC)
    with matplotlib.rc_context(fname=path):
        figure, axes = plt.subplots()
        axes.plot([0, 1])
        file = io.BytesIO()
        figure.savefig(file, format="svg")
        plt.close(figure)
    return file.getvalue().decode()


def output(kind, data):
    return new_output("display_data", {kind: data, "text/plain": "<Figure>"})


def printed(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def code(source, *outputs):
    return new_code_cell(source, outputs=list(outputs), execution_count=1)


@pytest.fixture(scope="module")
def render(tmp_path_factory):
    from mkdocs_jupyter.convert import nb2html

    def render(*cells):
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        notebook = new_notebook(cells=list(cells), metadata={"kernelspec": kernel})
        path = tmp_path_factory.mktemp("notebook") / "notebook.ipynb"
        path.write_text(nbformat.writes(notebook), "utf-8")
        return nb2html(str(path))

    return render


@pytest.fixture(scope="module")
def rendered(render):
    svg = output("image/svg+xml", drawing())
    return render(
        new_markdown_cell(PROSE),
        code(CODE, printed("True <i> &amp;\n  indented\n"), svg),
        new_markdown_cell("## Again\n\nEnd."),
        code("# Figure: the same line.\n1", svg),
    )


@pytest.fixture(scope="module")
def page(rendered):
    return notebooks.clean(rendered)


def text(html):
    from html import unescape

    return unescape(re.sub(r"<[^>]*>", "", html))


def test_jupyters_style_scripts_and_addresses_are_gone(rendered, page):
    assert "<style" in rendered and "cdnjs" in rendered  # else this tests nothing
    for foreign in ("<style", "<script", "http", "jp-", "cell-", "clipboard", "In ["):
        assert foreign not in page, foreign
    assert len(page) < len(rendered) / 20


def test_a_code_cell_is_highlighted_as_a_fence_of_a_page(page):
    import markdown

    source = "def f(x: int) -> str:\n    return f'{x}'  # why\n\n\nprint(f(1) < 'é')"
    extensions = ["pymdownx.superfences", "pymdownx.highlight"]
    settings = {"pymdownx.highlight": {"pygments_lang_class": True}}
    fence = markdown.markdown(
        f"```python\n{source}\n```",
        extensions=extensions,
        extension_configs=settings,
    )
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    formatter = HtmlFormatter(cssclass="highlight-ipynb hl-python")
    cell = highlight(source, PythonLexer(), formatter)
    assert notebooks.clean(cell) == fence


def test_every_block_is_one_that_the_theme_gives_a_copy_button(page):
    assert page.count("<pre>") == 4
    assert len(re.findall(r"<pre>(<span></span>)?<code>", page)) == 4


def test_code_and_output_are_character_for_character_what_ran(page):
    blocks = re.findall(r'<div class="([^"]*)"><pre>(.*?)</pre>', page, re.DOTALL)
    shown = [(classes, text(block)) for classes, block in blocks]
    assert ("language-python highlight", CODE + "\n") in shown
    assert ("language-text output highlight", "True <i> &amp;\n  indented\n") in shown


def test_formulas_arrive_as_arithmatex_leaves_them(page):
    assert r'<span class="arithmatex">\(a_i &lt; b^*\)</span>' in page
    assert r'<td><span class="arithmatex">\(\delta\)</span></td>' in page
    assert "<code>$code$</code>" in page
    assert "a price of $5, and" in page
    block = re.search(r'<(\w+) class="arithmatex">\\\[(.*?)\\\]</\1>', page, re.DOTALL)
    assert block[2].strip() == r"\sum_i x_i \ge 0 \quad \text{for } x &gt; 0"
    # A block in a paragraph ends the paragraph.
    assert '<p>Before</p>\n<div class="arithmatex">\\[x\\]</div>\n<p>after.</p>' in page
    assert not re.search(r"<p>(?:(?!</p>).)*<div", page, re.DOTALL)
    assert "<p></p>" not in page
    assert page.count("arithmatex") == formulas.render(page).count("<math")


def test_a_cell_may_be_one_formula():
    cell = '<div class="jp-RenderedMarkdown" data-mime-type="text/markdown">{}</div>'
    formula = '<div class="arithmatex">\\[x\\]</div>'
    assert notebooks.clean(cell.format("<p>$$x$$</p>")) == formula


def test_figures_are_inline_with_their_description(page):
    assert page.count('<figure class="plot"><svg') == 2
    assert 'aria-label="a line that &lt;rises&gt;."' in page
    assert 'aria-label="the same line."' in page
    assert "viewBox" in page and "var(--plot-c0)" in page
    assert "<img" not in page


def test_headings_keep_their_anchors_and_ids_are_unique(page):
    ids = re.findall(r'\bid="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert {"a-title", "again", "again_1"} <= set(ids)
    link = '<a class="headerlink" href="#again_1" title="Link to this section">#</a>'
    assert f'<h2 id="again_1">Again{link}</h2>' in page
    assert "¶" not in page


def test_headings_are_those_of_mkdocs_jupyters_table_of_contents(page, tmp_path):
    from mkdocs_jupyter.plugin import _get_nb_toc_tokens

    path = tmp_path / "notebook.py"
    path.write_text("# %% [markdown]\n# # T\n# ## Again\n# text\n# ## Again\n")
    tokens, title = _get_nb_toc_tokens(str(path), 6)
    assert title == "T"
    assert [token["id"] for token in tokens[0]["children"]] == ["again", "again_1"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        (code("x", printed("UserWarning: x\n", "stderr")), "stderr: UserWarning: x"),
        (code("x", output("text/html", "<b>x</b>")), "text/html: x"),
        (code("x", output("image/png", "iVBORw0KGgo=")), "jp-RenderedImage"),
        (code("x", output("image/svg+xml", drawing())), "# Figure: "),
        (code("# Figure:\nx", output("image/svg+xml", drawing())), "# Figure: "),
    ],
    ids=["stderr", "html", "png", "no description", "empty description"],
)
def test_what_a_page_cannot_show_is_refused(render, cell, message):
    with pytest.raises(notebooks.NotebookError, match=re.escape(message)):
        notebooks.clean(render(cell))


def test_a_description_belongs_to_its_own_cell(render):
    svg = output("image/svg+xml", drawing())
    first = code("# Figure: a line.\nx", svg)
    with pytest.raises(notebooks.NotebookError, match="# Figure: "):
        notebooks.clean(render(first, code("y", svg)))
    with pytest.raises(notebooks.NotebookError, match="# Figure: "):
        notebooks.clean(render(code("# Figure: a line.\nx", svg, svg)))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_says_what_it_is(path):
    about = notebooks.metadata(path.read_text("utf-8"))
    assert about.keys() == {"title", "description", "tags"}
    assert len(about["description"]) < 160
    assert f"# # {about['title']}\n" in path.read_text("utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_download_is_a_valid_notebook_and_always_the_same(path):
    source = path.read_text("utf-8")
    content = notebooks.ipynb(source)
    assert content == notebooks.ipynb(source)
    notebook = nbformat.reads(content, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source.startswith("%config InlineBackend")
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert json.loads(content)["nbformat"] == 4


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_alone_and_does_not_warn(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    environment = os.environ | {"MPLBACKEND": "agg", "OMP_NUM_THREADS": "1"}
    environment.pop("PYTHONPATH", None)
    result = subprocess.run(
        [sys.executable, "-W", "error", copy.name],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert sorted(tmp_path.iterdir()) == [copy]


def test_a_failure_is_found_in_the_file():
    source = "# %% [markdown]\n# # T\n\n# %%\n# %matplotlib inline\nx = 1\n1 / 0\n"
    cell = "%matplotlib inline\nx = 1\n1 / 0"
    error = RuntimeError(
        f"An error occurred:\n------------------\n{cell}\n------------------\n\n\n"
        "\x1b[31mZeroDivisionError\x1b[0m  Traceback\nCell In[1], line 3\n      1 x\n\n"
        "ZeroDivisionError: division by zero\n"
    )
    found = notebooks.failure(error, source)
    assert found == (7, "ZeroDivisionError: division by zero")
    assert notebooks.failure(RuntimeError("dead kernel"), source) == (1, "dead kernel")
