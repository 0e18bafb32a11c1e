"""The ledger of claims, `docs/evidence/claims.toml`, and what pages say of them.

Advice that rests on a claim links to its row, and the text of the link is the verdict:
`[does not hold](../evidence/claims.md#l1-has-no-gradient)`. An experiment is a section of
a page of `docs/evidence/`, whose heading is a claim in quotation marks and whose text
begins with the verdict, in bold.
"""

import os
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.pages import ROOT, PageError

LEDGER = Path("evidence/claims.toml")
PAGE = LEDGER.with_suffix(".md")
VERDICTS = ("holds", "depends", "does not hold")
_TITLE = re.compile(r'^title: "?(.+?)"?$', re.MULTILINE)
_HEADING = re.compile(r"^##+ .*\{ *#([\w-]+) *\}$", re.MULTILINE)
_EXPERIMENT = re.compile(
    rf'^## "(.+)" \{{ *#([\w-]+) *\}}$\n+\*\*({"|".join(VERDICTS)})\b',
    re.MULTILINE | re.IGNORECASE,
)
# One in backticks is an example.
_LINK = re.compile(rf"(?<!`)\[([^\]]*)\]\([./\w]*\b{PAGE.name}#([\w-]+)\)")


@dataclass(frozen=True)
class Claim:
    """A row of the ledger.

    Attributes:
        id: Its anchor.
        part: The group that it stands in.
        text: The claim, as people say it.
        verdict: One of VERDICTS.
        why: On what, or by how much, in Markdown.
        see: Links to the experiment, the chapter or the source, in Markdown.
    """

    id: str
    part: str
    text: str
    verdict: str
    why: str
    see: str


@dataclass(frozen=True)
class Advice:
    """A link from a page to a row of the ledger.

    Attributes:
        page: Below `docs/`.
        title: Of the page.
        anchor: Of the section that holds it, or "".
        verdict: The text of the link.
        claim: The row that it names.
    """

    page: Path
    title: str
    anchor: str
    verdict: str
    claim: str


def claims(root: Path = ROOT) -> list[Claim]:
    """All rows, in order.

    Raises:
        PageError: A row that lacks a field, has an unknown one, an unknown verdict, or
            the anchor of another.
    """
    where = f"docs/{LEDGER}"
    rows: dict[str, Claim] = {}
    for part, members in tomllib.loads((root / where).read_text("utf-8")).items():
        for name, fields in members.items():
            try:
                claim = Claim(id=name, part=part, **fields)
            except TypeError as error:
                what = str(error).partition(") ")[2]
                raise PageError(f"{where}: claim {name!r} {what}") from None
            if claim.verdict not in VERDICTS:
                raise PageError(
                    f"{where}: claim {name!r}: wanted a verdict out of "
                    f"{', '.join(VERDICTS)}, got {claim.verdict!r}"
                )
            if name in rows:
                raise PageError(f"{where}: two claims are called {name!r}")
            rows[name] = claim
    return list(rows.values())


def advice(root: Path = ROOT) -> Iterator[Advice]:
    """The links of all pages to the ledger."""
    docs = root / "docs"
    for path in sorted(docs.rglob("*.md")):
        text = path.read_text("utf-8")
        for link in _LINK.finditer(text):
            above = _HEADING.findall(text, 0, link.start())
            yield Advice(
                path.relative_to(docs),
                _TITLE.search(text)[1],
                above[-1] if above else "",
                link[1],
                link[2],
            )


def experiments(root: Path = ROOT) -> list[tuple[str, str, str, str]]:
    """Page below `docs/evidence/`, anchor, claim and verdict of each experiment."""
    settings = (root / "mkdocs.yml").read_text("utf-8")
    found = []
    for page in re.findall(r"- evidence/(\w+\.md)$", settings, re.MULTILINE):
        text = (root / "docs/evidence" / page).read_text("utf-8")
        for claim, anchor, verdict in _EXPERIMENT.findall(text):
            found.append((page, anchor, claim, verdict.lower()))
    return found


def summary(root: Path = ROOT) -> str:
    """All experiments as a Markdown table."""
    lines = ["| claim | verdict |", "| --- | --- |"]
    for page, anchor, claim, verdict in experiments(root):
        lines.append(f"| [{claim}]({page}#{anchor}) | {verdict} |")
    return "\n".join(lines)


def ledger(root: Path = ROOT) -> str:
    """The ledger as Markdown: a table for each part."""
    places: dict[str, dict[str, str]] = {}
    for link in advice(root):
        path = os.path.relpath(link.page, PAGE.parent)
        anchor = f"#{link.anchor}" if link.anchor else ""
        # One link for a page, to the first of its sections that names the claim.
        own = places.setdefault(link.claim, {})
        own.setdefault(path, f"[{link.title}]({path}{anchor})")
    lines = []
    part = ""
    for claim in claims(root):
        if claim.part != part:
            part = claim.part
            lines += ["", f"## {part}", "", "| claim | verdict | read on |"]
            lines += ["| --- | --- | --- |"]
        back = places.get(claim.id, {}).items()
        new = [link for path, link in back if f"]({path}" not in claim.see]
        links = ", ".join([claim.see, *new])
        verdict = f"**{claim.verdict}**: {claim.why}"
        lines.append(f"| *{claim.text}*{{ #{claim.id} }} | {verdict} | {links} |")
    return "\n".join(lines)
