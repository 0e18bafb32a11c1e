"""The first use of a term on a page becomes a link to the glossary, with its definition.

The glossary is `docs/reference/glossary.md`. An entry names in `data-forms` the exact
words that are linked; one without is too common to be marked on every page.
"""

import functools
import posixpath
import re
from dataclasses import dataclass

from tools.pages import ROOT

PAGE = "reference/glossary.md"
MOST = 8  # terms of one page
# Entries of their own, or no running text.
_WITHOUT = ("index.md", "contribute.md", "reference/")
# Here a word of the glossary means something else.
_OTHER_SENSE = (
    *("broadcast rank 0", "calibration set", "fused QKV", "fused functions"),
    *("fused kernels", "fused weight", "reentrant checkpoint", "rotary embeddings"),
    *("significant margin", "The margin is", "undo a reduction", "weight clipping"),
)
_ENTRY = re.compile(
    r"^\S.* \{ #(?P<anchor>[\w-]+)(?: data-forms=\"(?P<forms>[^\"]*)\")? \}\n"
    r":   (?P<text>(?:.+\n?)+)",
    re.MULTILINE,
)
# What stays as it is: fences, lines that are no running text, and within a line code,
# formulas, links and images, HTML, attributes.
_NO_PROSE = r"""
    ^\ *(?P<fence>`{3,}|~{3,}) .*? ^\ *(?P=fence)\ *$
  | ^\ *(?:\#|\||!!!|\?\?\?|===|:::|<) [^\n]*
  | (?P<ticks>`+) .*? (?P=ticks)
  | \$ [^$]+ \$
  | !?\[ (?:[^][]|\[[^][]*\])* \] (?:\([^)]*\) | \[[^]]*\])?
  | <[^>]*>
  | \{[^}]*\}
"""


@dataclass(frozen=True)
class Entry:
    """One term of the glossary.

    Attributes:
        anchor: Its id on the page of the glossary.
        forms: The exact words that are linked.
        definition: First sentence, as plain text.
        pages: Where the term is treated, below `docs/`.
    """

    anchor: str
    forms: tuple[str, ...]
    definition: str
    pages: tuple[str, ...]


def read(text: str) -> list[Entry]:
    """The entries of a glossary, in order."""
    entries = []
    for found in _ENTRY.finditer(text):
        forms = [form.strip() for form in (found["forms"] or "").split(",")]
        sentence = re.split(r"(?<=\.)\s", found["text"])[0]
        pages = re.findall(r"\]\(\.\./([\w/]+\.md)", found["text"])
        entries.append(
            Entry(
                found["anchor"],
                tuple(filter(None, forms)),
                sentence.replace("`", ""),
                tuple(pages),
            )
        )
    return entries


@functools.cache
def _glossary(changed: int) -> tuple[dict[str, Entry], re.Pattern[str]]:
    """Entries by their forms, and what finds a form in prose."""
    entries = read((ROOT / "docs" / PAGE).read_text("utf-8"))
    forms = {form: entry for entry in entries for form in entry.forms}
    longest = sorted([*forms, *_OTHER_SENSE], key=len, reverse=True)
    words = "|".join(r"\s+".join(map(re.escape, form.split())) for form in longest)
    pattern = rf"{_NO_PROSE} | (?<![\w-])(?P<form>{words})(?![\w-])"
    return forms, re.compile(pattern, re.MULTILINE | re.DOTALL | re.VERBOSE)


def link(markdown: str, page: str) -> str:
    """`markdown` with the first use of each term linked to the glossary.

    A term is not linked on the pages that treat it.

    Args:
        markdown: Text of the page.
        page: Path of the page below `docs/`.
    """
    if page.startswith(_WITHOUT) or not (ROOT / "docs" / PAGE).is_file():
        return markdown
    changed = (ROOT / "docs" / PAGE).stat().st_mtime_ns  # while `mkdocs serve` runs
    forms, pattern = _glossary(changed)
    glossary = posixpath.relpath(PAGE, posixpath.dirname(page))
    seen = {entry for entry in forms.values() if page in entry.pages}
    most = len(seen) + MOST

    def mark(found: re.Match[str]) -> str:
        entry = forms.get(" ".join((found["form"] or "").split()))
        if entry is None or entry in seen or len(seen) == most:
            return found[0]
        seen.add(entry)
        return (
            f'[{found[0]}]({glossary}#{entry.anchor} "{entry.definition}"){{ .term }}'
        )

    return pattern.sub(mark, markdown)
