"""Check the prose of the pages for house terms, `tools/terms.toml`.

    python -m tools.prose

Spelling is another tool's: codespell, set up in `pyproject.toml`.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.pages import ROOT, relative

TERMS = "tools/terms.toml"
# What is not the guide's own prose. Each is blanked in this order, its line breaks kept.
_NOT_PROSE = [
    re.compile(pattern, re.MULTILINE | re.DOTALL)
    for pattern in (
        # words that people search for, and names of files
        r"^(tags|see_also):.*?(?=^[a-z_]+:|^---$)",
        r"^(?P<_indent> *)(?P<_fence>`{3,}|~{3,}).*?^(?P=_indent)(?P=_fence) *$",
        r"(?P<_tick>`+)(?!`).+?(?<!`)(?P=_tick)(?!`)",  # code, also over two lines
        r"\$[^$\n]+\$",  # formulas
        r"\w*<wbr>\w*|<!--.*?-->|<[^>\n]+>",
        r"\]\([^)\s]*\)|\]\[[^\]\n]*\]",  # where links lead
        r"\{ *[#.:][^}\n]*\}",  # anchors and classes
        r"^::: \S+|^\[[^\]\n]+\]: .*?$|https?://\S+",
        r"^ *>.*?$",  # quotations
        r'"[^"\n]*"|“[^”\n]*”',
        r"(?<![*\w])\*(?!\*)[^*\n]+\*(?!\*)",  # titles of works
    )
]


@dataclass(frozen=True)
class Finding:
    """A word that the house does not use.

    Attributes:
        where: `file:line`.
        found: The words on the page.
        write: What to write in their place.
    """

    where: str
    found: str
    write: str

    def __str__(self) -> str:
        return f"{self.where}: {self.found!r}: write {self.write}"


def prose(markdown: str) -> str:
    """The text of a page with all that is not prose as blanks, on the same lines."""
    for pattern in _NOT_PROSE:
        markdown = pattern.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), markdown)
    return markdown


def terms(root: Path = ROOT) -> dict[str, str]:
    """Patterns of `tools/terms.toml`, each with what to write.

    Raises:
        ValueError: A pattern that is no regular expression.
    """
    found = {}
    for pattern, write in tomllib.loads((root / TERMS).read_text("utf-8")).items():
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"{TERMS}: {pattern!r}: {error}") from None
        found[pattern.replace(" ", r"\s+")] = write  # it may be a line break
    return found


def check(root: Path = ROOT) -> Iterator[Finding]:
    """Every place of the pages below `docs/` that holds a house term's pattern, in order.

    Args:
        root: The folder that holds `docs/` and the list of terms.
    """
    patterns = terms(root)
    # A hyphen, a dot, # or / make another word of it: a file's or a repository's name.
    any_of_them = re.compile(rf"(?<![\w.-])(?:{'|'.join(patterns)})(?![\w#/-]|\.\w)")
    for path in sorted((root / "docs").rglob("*.md")):
        text = prose(path.read_text("utf-8"))
        for place in any_of_them.finditer(text.lower()):
            found = text[place.start() : place.end()]
            matches = (re.fullmatch(p, place[0]) for p in patterns)
            match = next(match for match in matches if match)
            write = match.expand(patterns[match.re.pattern])
            if found != write:  # PyTorch
                line = text.count("\n", 0, place.start()) + 1
                where = f"{relative(path, root)}:{line}"
                yield Finding(where, " ".join(found.split()), write)


def main() -> None:
    """The command."""
    findings = list(check())
    for finding in findings:
        print(finding)
    sys.exit(len(findings) > 0)


if __name__ == "__main__":
    main()
