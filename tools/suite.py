"""What is tested, counted from the tests, the snippets and the pages themselves.

Three tables join the page `docs/reference/tested.md`. They are made on every build, so
the files are searched as text: parsing them would take longer than the rest of it.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools import claims, messages
from tools.artefacts import Snippet
from tools.pages import ROOT, PageError

FOLDER = Path("reference/tested")
_DOCSTRING = re.compile(r'\A"""(.+?\.)(?:\n\n|\s*""")', re.DOTALL)
_TEST = re.compile(r"^ *def test_\w+\(", re.MULTILINE)
_EXAMPLE = re.compile(r"^ *>>> ", re.MULTILINE)
_MARK = re.compile(r"[\s>]*(?P<mark>`{3,}|~{3,})\s*(?P<header>.*)")
_REASON = re.compile(r'\breason="([^"]*)"')


@dataclass(frozen=True)
class TestFile:
    """A file of tests.

    Attributes:
        name: Its path below `tests/`.
        says: The first sentence of its docstring.
        tests: How many test functions it has.
    """

    __test__ = False  # pytest collects classes of this name

    name: str
    says: str
    tests: int


def test_files(root: Path = ROOT) -> list[TestFile]:
    """All files of tests, those of the tools first, then by section.

    Raises:
        PageError: A file does not begin with a sentence in three double quotes.
    """
    tests = root / "tests"
    paths = sorted(tests.rglob("test_*.py"), key=lambda p: (len(p.parts), p))
    found = []
    for path in paths:
        text = path.read_text("utf-8")
        says = _DOCSTRING.match(text)
        if not says:
            raise PageError(
                f"{path.relative_to(root)}:1: wanted a docstring that begins with what "
                f"these tests hold, as a sentence, got {text.partition(chr(10))[0]!r}"
            )
        name = path.relative_to(tests).as_posix()
        sentence = " ".join(says[1].split())
        found.append(TestFile(name, sentence, len(_TEST.findall(text))))
    return found


test_files.__test__ = False


def headers(text: str) -> Iterator[str]:
    """The header of each fenced block of a page, without those inside another."""
    closing = ""
    for line in text.split("\n"):
        mark = _MARK.match(line)
        if mark and not closing:
            closing = mark["mark"]
            yield mark["header"]
        elif mark and mark["mark"].startswith(closing) and not mark["header"]:
            closing = ""


def blocks(page: Path) -> Counter:
    """How many blocks of a page are `plain` Python, `raises`, `notest` or `output`."""
    found = Counter()
    for header in headers(page.read_text("utf-8")):
        language, *classes = re.findall(r"[\w-]+", header.split('="')[0]) or [""]
        markers = {"raises", "output", "notest"} & set(classes)
        if markers:
            found.update(markers)
        elif language == "python":
            found["plain"] += 1
    return found


def not_run(root: Path = ROOT) -> str:
    """The blocks of Python that do not run, and why, as a Markdown table."""
    lines = ["| page | why its block does not run here |", "| --- | --- |"]
    for page in sorted((root / "docs").rglob("*.md")):
        name = page.relative_to(root / "docs").as_posix()
        for header in headers(page.read_text("utf-8")):
            if ".notest" in header and (reason := _REASON.search(header)):
                title = name.removesuffix(".md")
                lines.append(f"| [{title}](../{name}) | {reason[1]} |")
    return "\n".join(lines)


def files(root: Path = ROOT) -> str:
    """All files of tests as a Markdown table."""
    lines = ["| file in `tests/` | tests | what they hold |", "| --- | --- | --- |"]
    for file in test_files(root):
        lines.append(f"| `{file.name}` | {file.tests} | {file.says} |")
    return "\n".join(lines)


def counts(
    snippets: list[Snippet], artefacts: dict[str, str], root: Path = ROOT
) -> str:
    """How much there is of what is run and compared, as a Markdown table.

    Args:
        snippets: All snippets, as `tools.artefacts.find` gives them.
        artefacts: What `tools.artefacts.build` made of them.
        root: The folder of `docs/` and `tests/`.
    """
    pages = [blocks(page) for page in (root / "docs").rglob("*.md")]
    programs = [found for found in pages if found["plain"] + found["raises"]]
    fences = sum(pages, Counter())
    examples = sum(
        len(_EXAMPLE.findall(snippet.path.read_text("utf-8"))) for snippet in snippets
    )
    verbs = Counter(snippet.verb for snippet in snippets)
    tables = [
        artefacts[f"{snippet.place}.md"].strip().splitlines()[2:]
        for snippet in snippets
        if snippet.verb == "experiment"
    ]
    tests = test_files(root)
    rows = {
        "pages whose blocks run from top to bottom as one program": len(programs),
        "blocks of Python on them that run": fences["plain"] + fences["raises"],
        "of these, blocks that must raise or warn": fences["raises"],
        "blocks of output, compared with what the code above prints": fences["output"],
        "blocks of Python that do not run, [with the reason](#not-run)": fences[
            "notest"
        ],
        "snippets, each doctested": len(snippets),
        "examples in their docstrings": examples,
        "snippets to copy, each run alone in an empty folder": verbs[""],
        "figures, drawn when the site is built": verbs["figure"],
        "tables, made when the site is built": verbs["table"],
        "experiments with stored results": verbs["experiment"],
        "findings of theirs, each held in both runs": sum(map(len, tables)),
        "claims in the ledger": len(claims.claims(root)),
        "error messages, each raised and compared": len(
            messages.entries("messages", root)
        ),
        "symptoms, each with a planted bug": len(messages.entries("symptoms", root)),
        "silent bugs": len(messages.entries("silent", root)),
        "files of tests": len(tests),
        "test functions, many of which run for each page, snippet or message": sum(
            file.tests for file in tests
        ),
    }
    lines = ["| how many | of what |", "| ---: | --- |"]
    return "\n".join([*lines, *(f"| {n} | {what} |" for what, n in rows.items())])
