"""Notebooks: what mkdocs-jupyter renders, made into a page like any other.

mkdocs-jupyter inlines 600 kB of JupyterLab style and script in each page, asks a CDN
for Mermaid and MathJax, repeats every code cell in a hidden element for its own copy
button, and leaves formulas as `$...$`. `clean` keeps the cells and writes them as the
site's Markdown does. `metadata` and `ipynb` read the notebook's source, a Python file
in the percent format.
"""

import base64
import functools
import json
import re
from collections import Counter
from html import unescape
from typing import Any

import jupytext
from bs4 import BeautifulSoup, NavigableString, Tag

from tools import svg

_BODY = '<div class="jupyter-wrapper">'
_OUTPUT = ".jp-OutputArea-output"
_FORMULA = re.compile(
    r"\$\$(?P<block>.+?)\$\$|\$(?P<inline>[^\s$](?:[^$]*[^\s$])?)\$", re.DOTALL
)
_BLOCK = re.compile(r'\s*(<div class="arithmatex">.*?</div>)\s*', re.DOTALL)
_IN_PARAGRAPH = re.compile(r"<p>(?:(?!</p>).)*<div.*?</p>", re.DOTALL)
_FIGURE = re.compile(r"\A(?:%.*\n)*# Figure: (?P<alt>.*(?:\n# .*)*)")
_SVG = "data:image/svg+xml;base64,"


class NotebookError(ValueError):
    """An output that a page cannot show, or a figure that nobody described."""


def clean(html: str) -> str:
    """The cells of a notebook in the HTML that the site's Markdown makes.

    Code is highlighted by the same classes, text outputs look like the outputs of other
    pages, formulas are marked as `pymdownx.arithmatex` (generic) marks them, and figures
    are inline SVG. A cell that draws describes its figure for those who do not see it,
    in a comment on top: `# Figure: two panels, ...`.

    Args:
        html: What mkdocs-jupyter made of a notebook, or a part of it from the
            `jupyter-wrapper` on.

    Raises:
        NotebookError: A cell wrote to stderr or failed, shows what is neither text nor
            SVG, or draws a figure without a description.
    """
    # What precedes the cells, most of the text, is style and script.
    page = BeautifulSoup(html[max(html.find(_BODY), 0) :], "html.parser")
    ids: Counter[str] = Counter()
    figures = 0
    parts: list[str] = []
    alt = ""
    for part in page.select(".jp-RenderedMarkdown, .highlight-ipynb, " + _OUTPUT):
        kind = part.get("data-mime-type", part["class"][0])
        if kind == "text/markdown":
            parts.append(_markdown(part, ids))
        elif kind == "highlight-ipynb":
            parts.append(_code(part))
            figure = _FIGURE.match(part.get_text())
            alt = " ".join(figure["alt"].replace("\n#", "").split()) if figure else ""
        elif kind == "text/plain":
            parts.append(_block("language-text output", part.pre.decode_contents()))
        elif kind == "image/svg+xml":
            if not alt:
                raise NotebookError(
                    "a cell draws a figure without saying what is seen: start it with "
                    "a comment, # Figure: ..."
                )
            figures += 1
            source = base64.b64decode(part.img["src"].removeprefix(_SVG)).decode()
            drawing = svg.inline(source, alt, f"figure-{figures}")
            parts.append(f'<figure class="plot">{drawing}</figure>')
            alt = ""  # a second figure of the cell would need its own
        else:
            shown = " ".join(part.get_text().split())[:200]
            raise NotebookError(f"a page cannot show an output of type {kind}: {shown}")
    return "\n".join(parts)


def _markdown(cell: Tag, ids: Counter[str]) -> str:
    for heading in cell.find_all(id=True):
        name = heading["id"]
        ids[name] += 1
        if ids[name] > 1:  # as Markdown's table of contents numbers them
            name = f"{name}_{ids[name] - 1}"
        heading["id"] = name
        link = heading.find("a", class_="anchor-link")
        if link:
            link.attrs = {
                "class": "headerlink",
                "href": f"#{name}",
                "title": "Link to this section",
            }
            link.string = "#"
    for pre in cell.find_all("pre"):
        if not pre.code:
            code = Tag(name="code")
            code.extend(list(pre.contents))
            pre.append(code)
    for text in cell.find_all(string=True):
        if "$" in text and not text.find_parent(["code", "pre"]):
            _formulas(text)
    html = cell.decode_contents().strip()
    # A block of its own ends the paragraph that it stands in.
    html = _IN_PARAGRAPH.sub(lambda p: _BLOCK.sub(r"</p>\n\1\n<p>", p[0]), html)
    return html.replace("<p></p>\n", "").replace("\n<p></p>", "")


def _formulas(text: NavigableString) -> None:
    pieces: list[NavigableString | Tag] = []
    end = 0
    for match in _FORMULA.finditer(text):
        pieces.append(NavigableString(text[end : match.start()]))
        block = match["block"] is not None
        formula = Tag(name="div" if block else "span", attrs={"class": "arithmatex"})
        formula.string = (
            rf"\[{match['block']}\]" if block else rf"\({match['inline']}\)"
        )
        pieces.append(formula)
        end = match.end()
    if pieces:
        text.replace_with(*pieces, NavigableString(text[end:]))


def _code(cell: Tag) -> str:
    language = next(c[3:] for c in cell["class"] if c.startswith("hl-"))
    marked = cell.pre.decode_contents().removeprefix("<span></span>")
    return _block(f"language-{language}", marked)


def _block(classes: str, marked: str) -> str:
    code = marked.rstrip("\n")
    return (
        f'<div class="{classes} highlight"><pre><span></span><code>{code}\n'
        "</code></pre></div>"
    )


@functools.cache
def metadata(source: str) -> dict[str, Any]:
    """The `title`, `description` and `tags` of a notebook, from its header.

    They stand under `jupyter:`, where they end up in the notebook's metadata; at the
    header's top level jupytext would turn them into a cell of their own.
    """
    header = jupytext.reads(source, fmt="py:percent").metadata
    return {
        key: header[key] for key in ("title", "description", "tags") if key in header
    }


@functools.cache
def ipynb(source: str) -> str:
    """The notebook as an .ipynb file without outputs, the same for the same source."""
    notebook = jupytext.reads(source, fmt="py:percent")
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number}"  # jupytext draws ids at random
    content = json.loads(jupytext.writes(notebook, fmt="ipynb"))
    content["metadata"].pop("jupytext", None)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


_CELL = re.compile(r"^-{9,}\n(?P<source>.*?)\n-{9,}$", re.DOTALL | re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def failure(error: Exception, source: str) -> tuple[int, str]:
    """Where and why a notebook failed when it was executed.

    Args:
        error: What nbclient raised; its text holds the cell and the traceback.
        source: Text of the notebook.

    Returns:
        Line of the notebook's file (1 if unknown), and the error without colours.
    """
    text = _COLOUR.sub("", str(error)).strip()
    cell = _CELL.search(text)
    # A magic is a comment in the file.
    start = source.find(cell["source"].replace("\n%", "\n# %")) if cell else -1
    inside = re.search(r"Cell In\[\d+\], line (\d+)", text)
    if start < 0 or not inside:
        return 1, text
    return source.count("\n", 0, start) + int(inside[1]), text.splitlines()[-1]


def colab(repository: str, url: str) -> str:
    """Where Colab opens a published notebook, or "" where it cannot.

    Colab reads .ipynb files from a branch on GitHub. The sources have none: whoever
    publishes the site puts those of the site on the branch `notebooks`.

    Args:
        repository: Address of the repository, or "".
        url: Address of the notebook's page below the root of the site.
    """
    found = re.fullmatch(
        r"https://github\.com/([\w.-]+/[\w.-]+?)(?:\.git)?/?", repository
    )
    if not found:
        return ""
    place = f"{url}{url.rstrip('/').rpartition('/')[2]}.ipynb"
    return f"https://colab.research.google.com/github/{found[1]}/blob/notebooks/{place}"


_SHOWN = re.compile(
    r'<div class="language-(?P<kind>python|text output) highlight"><pre><span></span>'
    r'<code>(?P<text>.*?)\n</code></pre></div>|<svg [^>]*aria-label="(?P<alt>[^"]*)"',
    re.DOTALL,
)


def markdown(source: str, page: str) -> str:
    """A notebook as Markdown: its cells, each with what it printed and drew.

    Args:
        source: Text of the notebook.
        page: The HTML that `clean` made of it when it was executed.
    """
    shown: list[list[str]] = []  # of each cell of code
    for found in _SHOWN.finditer(page):
        text = unescape(re.sub(r"<[^>]+>", "", found["text"] or ""))
        if found["kind"] == "python":
            shown.append([])
        elif found["kind"]:
            shown[-1].append(f"```text output\n{text}\n```")
        else:
            shown[-1].append(f"Figure: {unescape(found['alt'])}")
    parts = []
    outputs = iter(shown)
    for cell in json.loads(ipynb(source))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            parts += [f"```python\n{text}\n```", *next(outputs)]
        else:
            parts.append(text)
    return "\n\n".join(parts) + "\n"
