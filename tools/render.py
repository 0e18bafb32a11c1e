"""What a page gains on its way to HTML: tables, figures, formulas, labels of code.

Only text goes in and comes out, so another builder can call the same two functions:
`join_tables` on a page's Markdown and `finish` on its HTML.
"""

import posixpath
import re
from pathlib import Path

from tools import formulas
from tools.artefacts import ALT
from tools.pages import ROOT, PageError


def where(page: str, text: str, root: Path = ROOT) -> str:
    """`docs/page.md:line` of a page's first line that holds `text`, for messages."""
    path = root / "docs" / page
    lines = path.read_text("utf-8").split("\n") if path.is_file() else []
    numbers = [n for n, line in enumerate(lines, start=1) if text in line]
    return ":".join([f"docs/{page}", *map(str, numbers[:1])])


# A table joins its page where the page shows it: ![caption](regression/contract.md)
_TABLE = re.compile(r"^(?P<indent> *)!\[(?P<caption>[^\]]*)\]\((?P<path>[\w/]+\.md)\)$")
# Of a fence's options, only data-* become attributes in the HTML.
_REASON = re.compile(r"^( *`{3,} *\{[^}\n]*\.notest[^}\n]*?) reason=", re.MULTILINE)


def join_tables(markdown: str, page: str, artefacts: dict[str, str]) -> str:
    """`markdown` with each linked table in the place of its link, under its caption.

    Args:
        markdown: Text of the page.
        page: Path of the page below `docs/`.
        artefacts: Results of `tools.artefacts.build`.

    Raises:
        PageError: The page links to a table that no snippet makes.
    """
    lines, fence = [], ""
    for line in markdown.split("\n"):
        mark = re.match(r" *(`{3,}|~{3,})", line)
        if mark and (not fence or line.strip() == fence):
            fence = "" if fence else mark[1]
        link = None if fence else _TABLE.match(line)
        if not link:
            lines.append(line)
            continue
        path = posixpath.join(posixpath.dirname(page), link["path"])
        if path not in artefacts:
            raise PageError(
                f"{where(page, line.strip())}: no table {path}; it would come from "
                f"table() in snippets/{path.removesuffix('.md')}.py"
            )
        caption = [link["caption"], "{ .caption }", ""] if link["caption"] else []
        rows = [*caption, *artefacts[path].splitlines(), ""]
        lines += [link["indent"] + row if row else row for row in rows]
    return _REASON.sub(r"\1 data-reason=", "\n".join(lines))


# A figure is an ordinary image link; its SVG replaces the image, so that it takes the
# colours of the page.
_FIGURE = re.compile(
    r'(?P<slider>(?:<div data-stepper="[^>]*></div>\s*)?)'
    r'<p>\s*<img alt="(?P<alt>[^"]*)" src="(?P<src>[^":]+\.svg)"[^>]*>\s*</p>'
)
_STEP = re.compile(r'data-step="([^"]*)"')
_LOST_SLIDER = re.compile(r'(<div data-stepper="[^"]*")[^>]*></div>(?!\s*<figure)')
# Names and signs have no colour of their own: their marks would be most of a page's
# elements.
_PLAIN = re.compile(r'<span class="(?:n|o|p|w)">([^<]*)</span>')
_NOT_RUN = re.compile(r'(<div class="[^"]*\bnotest\b[^"]*") data-reason="([^"]*)">')
_WARNING = re.compile(
    r'(<div class="language-text output)( highlight"><pre><span></span><code>\w+Warning: )'
)
# The code of whole files would be most of the search index.
_FILE = re.compile(
    r'(<div class="[^"]*\bhighlight\b[^"]*")(><span class="filename">)([^<]*)'
)


def finish(
    html: str, page: str, url: str, artefacts: dict[str, str], repository: str = ""
) -> str:
    """`html` with its figures, formulas and labels.

    Args:
        html: What Markdown made of the page.
        page: Path of the page below `docs/`.
        url: Address of the page below the root of the site.
        artefacts: Results of `tools.artefacts.build`.
        repository: Address of the repository, or `""` where it has none.

    Raises:
        PageError: A figure without a text for those who do not see it, or a formula
            that is not LaTeX, or a slider that has other steps than its figure.
    """

    def inline(image: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(url), image["src"]))
        svg = artefacts.get(path.removesuffix(".svg") + ".html")
        if svg is None:
            return image[0]
        if not image["alt"]:
            place = where(page, posixpath.basename(image["src"]))
            raise PageError(f"{place}: say what is seen: ![text]({image['src']})")
        _check_slider(image, svg, page)
        figure = svg.replace(ALT, image["alt"], 1)
        return f'{image["slider"]}<figure class="plot">{figure}</figure>'

    html = _FIGURE.sub(inline, html)
    if lost := _LOST_SLIDER.search(html):
        place = where(page, lost[1])
        raise PageError(f"{place}: a slider without a figure; put it right above one")
    html = _PLAIN.sub(r"\1", html)
    html = _NOT_RUN.sub(r'<p class="not-run">Not run here: \2</p>\1>', html)
    html = _WARNING.sub(r"\1 warns\2", html)
    html = _FILE.sub(
        lambda block: (
            f"{block[1]} data-search-exclude{block[2]}"
            f"{_frame(block[3], url, artefacts, repository)}"
        ),
        html,
    )
    try:
        return formulas.render(html)
    except formulas.FormulaError as error:
        place = where(page, error.source.split("\n")[0])
        raise PageError(f"{place}: {error}. Correct the LaTeX") from None


def _check_slider(image: re.Match[str], svg: str, page: str) -> None:
    """A figure drawn in steps has a slider above it, which names these steps."""
    drawn = list(dict.fromkeys(_STEP.findall(svg)))
    given = dict(re.findall(r'data-([a-z]+)="([^"]*)"', image["slider"]))
    if drawn == given.get("stepper", "").split():
        if not drawn or (given.get("start") in drawn and given.get("label")):
            return
        place = where(page, f'data-stepper="{given["stepper"]}"')
        raise PageError(
            f"{place}: a slider needs a data-label, and a data-start that is one of its "
            f"steps, got {given}"
        )
    name = posixpath.basename(image["src"])
    place = where(page, f'data-stepper="{given["stepper"]}"' if given else name)
    raise PageError(
        f"{place}: the steps of {name} are {' '.join(drawn) or 'none'}, those of the "
        f"slider above it {given.get('stepper', 'none, for there is no slider')}; write "
        'data-stepper="…" on the page and gid="step …" in figure() alike'
    )


def _frame(path: str, url: str, artefacts: dict[str, str], repository: str) -> str:
    """What stands above the code of an included file: name, download, checks."""
    if not path.startswith("snippets/"):
        return path
    root = "../" * url.count("/")
    source = f"{repository.rstrip('/')}/blob/main/{path}" if repository else root + path
    frame = f'<a href="{source}">{path}</a><a href="{root}{path}" download>download</a>'
    if passed := checks(path, artefacts):
        frame += f'<a href="{root}reference/tested/#build">{passed}</a>'
    return frame


def checks(path: str, artefacts: dict[str, str]) -> str:
    """What a snippet passed for its present key: `✓ 6 examples, figure`, or `""`.

    Args:
        path: The file, `snippets/losses/regression/huber.py`.
        artefacts: Results of `tools.artefacts.build`.
    """
    place = path.removeprefix("snippets/").removesuffix(".py")
    figure, table = place + ".svg" in artefacts, place + ".md" in artefacts
    passed = []
    if count := artefacts.get(place + ".examples"):
        passed.append(f"{count} example{'s' * (count != '1')}")
    if figure and table:  # an experiment, whose stored results are of its present code
        passed.append("results")
    elif figure or table:
        passed.append("figure" if figure else "table")
    return "✓ " + ", ".join(passed) if passed else ""
