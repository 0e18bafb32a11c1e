"""The index of torch's symbols: where the guide treats each, read from its pages.

A symbol is a name of torch's inventory. A page treats it that has it as a heading or among
its `tags`, and uses it that names it.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import yaml
from mkdocstrings import Inventory

from tools.pages import ROOT

# The tables, each with the names that begin so; a name stands in the first that fits.
GROUPS = {
    "losses": r"torch\.nn\.\w+Loss\w*$",
    "functions": r"torch\.nn\.functional\.",
    "schedulers": r"torch\.optim\.(lr_scheduler\.\w+$|swa_utils\.SWALR$)",
    "optimizers": r"torch\.optim\.[A-Z]\w+$",
    "others": r"",
}
# Pages that treat a symbol; the others repeat or list what these say.
_CHAPTERS = ("start", "losses", "optimizers", "training")
_USERS = (*_CHAPTERS, "choose", "evidence", "troubleshoot/silent")
_HEADING = re.compile(r"^#+ `?([\w.]+)`? *\{ *#([\w-]+) *\}$", re.MULTILINE)
_LINKED = re.compile(r"\]\[([\w.]+)\]")
_NAME = re.compile(r"[A-Za-z_][\w.]*\w")
_MOST = 5  # users named


@dataclass
class _Page:
    path: str
    title: str
    tags: list[str]
    headings: dict[str, str]  # text: anchor
    counts: Counter[str]  # of names in the text
    linked: set[str]  # symbols


def index(root: Path = ROOT) -> dict[str, str]:
    """Tables of all symbols that a chapter treats, as Markdown, by their names.

    Args:
        root: The folder that holds `docs/` and `tools/inventories/`.
    """
    with (root / "tools/inventories/torch.inv").open("rb") as file:
        names = sorted(Inventory.parse_sphinx(file, domain_filter=("py",)))
    pages = [_read(path, root) for path in sorted((root / "docs").rglob("*.md"))]
    chapters = [page for page in pages if page.path.startswith(_CHAPTERS)]
    users = [page for page in pages if page.path.startswith(_USERS)]
    rows = {group: [] for group in GROUPS}
    for name in names:
        if not (place := _place(name, chapters)):
            continue
        page, anchor = place
        group = next(g for g, pattern in GROUPS.items() if re.match(pattern, name))
        links = [_link(other) for other in _used(name, page, users)]
        rows[group].append(f"| `{name}` | {_link(page, anchor)} | {', '.join(links)} |")
    head = ["| symbol | treated on | also on |", "| --- | --- | --- |"]
    return {group: "\n".join([*head, *lines]) for group, lines in rows.items()}


def _read(path: Path, root: Path) -> _Page:
    text = path.read_text("utf-8")
    front = re.match(r"---\n(.*?)^---$", text, re.MULTILINE | re.DOTALL)
    meta = yaml.load(front[1], yaml.CSafeLoader) if front else {}
    body = text[front.end() :] if front else text
    tags = [str(tag) for tag in meta.get("tags", [])]
    headings = dict(reversed(_HEADING.findall(body)))
    counts = Counter(_NAME.findall(body))
    linked = set(_LINKED.findall(body))
    place = path.relative_to(root / "docs").as_posix()
    return _Page(place, meta.get("title", ""), tags, headings, counts, linked)


def _spellings(name: str) -> set[str]:
    """The ways to write a symbol: whole, without the module, with its usual short name."""
    short = name.removeprefix("torch.")
    last = name.rpartition(".")[2]
    found = {name, short.replace("nn.functional.", "F.")}
    # "seed" and "step" are words; "HuberLoss" and "clip_grad_norm_" are symbols.
    found |= {short} if "." in short else set()
    return found | {last} if re.search(r"[A-Z_]", last) else found - {last}


def _place(name: str, chapters: list[_Page]) -> tuple[_Page, str] | None:
    """The section of that name, else the page with the earliest such tag."""
    spellings = _spellings(name)
    for page in chapters:
        if spellings & page.headings.keys():
            named = (a for title, a in page.headings.items() if title in spellings)
            return page, next(named)
    tagged = [
        (min(page.tags.index(tag) for tag in named) / len(page.tags), page.path, page)
        for page in chapters
        if (named := spellings.intersection(page.tags))
    ]
    if tagged:
        return min(tagged)[2], ""
    named = [page for page in chapters if name in page.linked]
    return (named[0], "") if named else None


def _used(name: str, place: _Page, users: list[_Page]) -> list[_Page]:
    """The other pages that name the symbol, those that do it most first."""
    spellings = _spellings(name)
    counts = {
        page.path: (sum(page.counts[spelling] for spelling in spellings), page)
        for page in users
        if page is not place
    }
    found = sorted(counts.values(), key=lambda entry: (-entry[0], entry[1].path))
    return [page for count, page in found if count][:_MOST]


def _link(page: _Page, anchor: str = "") -> str:
    return f"[{page.title}](../{page.path}{'#' + anchor if anchor else ''})"
