"""Where to read on: the pages that a page names as related, as a list at its end."""

import html
import re
from pathlib import Path

from tools.pages import ROOT, PageError
from tools.render import where

# What a page can be to another, in the order of the list.
RELATIONS = {
    "alternative": "Instead",
    "before": "Before",
    "next": "Next",
    "fails as": "When it fails",
    "evidence": "Evidence",
}


def see_also(page: str, relations: dict[str, list[str]], root: Path = ROOT) -> str:
    """The list of related pages, as Markdown that follows the page's own.

    Args:
        page: Path of the page below `docs/`.
        relations: Of each relation, the pages below `docs/`, or their sections
            (`losses/quantile.md#interval`).
        root: The folder that holds `docs/`.

    Raises:
        PageError: A relation that is not one, or a page or section that is not there.
    """
    rows = []
    for relation in relations:
        if relation not in RELATIONS:
            raise PageError(
                f"{where(page, relation, root)}: see_also: {relation!r} is no relation; "
                f"wanted one of {', '.join(RELATIONS)}"
            )
    for relation, label in RELATIONS.items():
        links = [_link(page, target, root) for target in relations.get(relation, [])]
        if links:
            rows.append(f"- **{label}:** {'; '.join(links)}")
    if not rows:
        return ""
    nav = '<nav class="see-also" aria-label="See also" data-search-exclude markdown>'
    return "\n".join(["", "", nav, "", *rows, "", "</nav>", ""])


def _link(page: str, target: str, root: Path) -> str:
    name, _, anchor = target.partition("#")
    path = root / "docs" / name
    text = path.read_text("utf-8") if path.is_file() else ""
    title = _heading(text, anchor) if anchor else _title(text)
    if not title:
        raise PageError(
            f"{where(page, target, root)}: see_also: no {target} below docs/. "
            "Correct it, or add what it names"
        )
    up = "../" * page.count("/")
    return f"[{title.removeprefix('Evidence: ')}]({up}{target})"


def _title(text: str) -> str:
    found = re.search(r"^#? *title: *(.+)$", text, re.MULTILINE)
    return found[1].strip("\"'") if found else ""


def _heading(text: str, anchor: str) -> str:
    found = re.search(
        rf"^#+ (.+?) *\{{ *#{re.escape(anchor)} *\}}$", text, re.MULTILINE
    )
    return found[1] if found else ""


def subjects(tags: list[str]) -> str:
    """The names by which the search finds a page, as HTML that follows its text."""
    named = {
        re.sub(r"^(torch|nn|optim|f)\.|\W|_", "", t.lower()): t for t in tags[::-1]
    }
    if not named:
        return ""
    names = ", ".join(html.escape(tag) for tag in [*named.values()][::-1])
    return f'\n\n<p class="subjects" data-search-exclude>Found as: {names}</p>\n'
