"""List the pages that differ between two built sites, with their figures side by side.

    python -m tools.changed base-site site --report changed.html

Prints the list as Markdown, for the summary of a check. The report, one HTML file, has the
lines that differ and each figure before and after. Only a page's text counts: another page's
entry in the navigation changes no other page.
"""

import argparse
import difflib
import html
import itertools
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from tools.style import css

_TEXT = re.compile(r"<article\b.*</article>", re.DOTALL)
_FIGURE = re.compile(
    r'<figure class="plot">\s*(<svg\b.*?</svg>)\s*</figure>', re.DOTALL
)
_LABEL = re.compile(r' aria-label="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")

_HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Pages that change</title>
<style>
:root { color-scheme: light dark }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem }
pre { overflow-x: auto; border: 1px solid; padding: .5rem }
del { background: #f002 } ins { background: #0802 } del, ins { text-decoration: none }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; margin: 1rem 0 }
h2 { overflow-wrap: anywhere } figure { margin: 0 } img { width: 100%; background: #fff }
</style>
"""


@dataclass(frozen=True)
class Change:
    """A page that is not the same in both sites.

    Attributes:
        url: Its address below the root of the site.
        kind: `"new"`, `"removed"` or `"changed"`.
        lines: Lines of its text that differ, each with `-` or `+` in front.
        figures: Of each figure that differs, the SVG before and after; `""` for none.
    """

    url: str
    kind: str
    lines: list[str]
    figures: list[tuple[str, str]]

    def count(self, sign: str) -> int:
        """The number of lines that went (`"-"`) or came (`"+"`)."""
        return sum(line[0] == sign for line in self.lines)


def changes(base: Path, new: Path) -> list[Change]:
    """The pages that differ, in order of their addresses.

    Args:
        base: Folder of a built site.
        new: Folder of another, built with the same settings.

    Raises:
        ValueError: A folder without a site.
    """
    old, now = _pages(base), _pages(new)
    found = []
    for url in sorted(old | now):
        before, after = old.get(url, ""), now.get(url, "")
        if before != after:
            kind = "changed" if before and after else "new" if after else "removed"
            lines = difflib.unified_diff(
                _lines(before), _lines(after), n=0, lineterm=""
            )
            signed = [
                line for line in itertools.islice(lines, 2, None) if line[0] in "-+"
            ]
            pairs = _pairs(_figures(before), _figures(after))
            found.append(Change(url, kind, signed, pairs))
    return found


def _pages(site: Path) -> dict[str, str]:
    """The text of every page, as HTML, by its address."""
    if not (site / "index.html").is_file():
        raise ValueError(f"{site} holds no index.html: name the folder of a built site")
    pages = {}
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        url = path.relative_to(site).as_posix().removesuffix("index.html") or "/"
        pages[url] = found[0] if (found := _TEXT.search(text)) else text
    return pages


def _lines(page: str) -> list[str]:
    text = _FIGURE.sub(lambda figure: f"\n{_LABEL.search(figure[1])[1]}\n", page)
    text = html.unescape(_TAG.sub("", text))
    return [line for raw in text.split("\n") if (line := raw.strip())]


def _figures(page: str) -> list[str]:
    # What is said of them counts as text.
    return [_LABEL.sub("", svg) for svg in _FIGURE.findall(page)]


def _pairs(before: list[str], after: list[str]) -> list[tuple[str, str]]:
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    return [
        pair
        for kind, i, j, k, m in matcher.get_opcodes()
        if kind != "equal"
        for pair in itertools.zip_longest(before[i:j], after[k:m], fillvalue="")
    ]


def summary(found: list[Change]) -> str:
    """The list as Markdown."""
    if not found:
        return "## Pages that change\n\nNone.\n"
    rows = "".join(
        f"| `{change.url}` | {change.kind} | +{change.count('+')} −{change.count('-')} "
        f"| {len(change.figures) or ''} |\n"
        for change in found
    )
    return (
        f"## Pages that change: {len(found)}\n\n| page | | lines | figures |\n"
        f"| --- | --- | --- | --- |\n{rows}"
    )


def report(found: list[Change]) -> str:
    """The differences as one HTML page, which loads nothing."""
    body = [_HEAD, f"<h1>Pages that change: {len(found)}</h1>\n"]
    for change in found:
        body.append(f"<h2>{html.escape(change.url)} ({change.kind})</h2>\n")
        body += [
            f'<div class="pair">{_figure(before, "before")}{_figure(after, "after")}</div>\n'
            for before, after in change.figures
        ]
        if change.lines:
            body.append(f"<pre>{''.join(_marked(change.lines))}</pre>\n")
        elif not change.figures:
            body.append("<p>The same words in other HTML.</p>\n")
    return "".join(body)


def _figure(svg: str, caption: str) -> str:
    """A picture of its own: the ids of two figures on one page would be mixed up."""
    if not svg:
        return f"<figure><figcaption>{caption}: none</figcaption></figure>"
    alone = svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1)
    alone = alone.replace(">", f"><style>{css()}</style>", 1)
    return (
        f"<figure><figcaption>{caption}</figcaption>"
        f'<img src="data:image/svg+xml,{quote(alone)}" alt="{caption}">'
        "</figure>"
    )


def _marked(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        tag = "del" if line[0] == "-" else "ins"
        yield f"<{tag}>{html.escape(line)}</{tag}>\n"


def main(arguments: list[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tools.changed")
    parser.add_argument("base", type=Path, help="folder of the site before")
    parser.add_argument("new", type=Path, help="folder of the site after")
    parser.add_argument("--report", type=Path, help="where to write the differences")
    options = parser.parse_args(arguments)
    try:
        found = changes(options.base, options.new)
    except ValueError as error:
        sys.exit(str(error))
    print(summary(found))
    if options.report:
        options.report.write_text(report(found), "utf-8")


if __name__ == "__main__":
    main()
