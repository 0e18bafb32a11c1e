"""The lists of all error messages, symptoms and silent bugs, read from the pages of each.

A page of messages has an entry below each heading of the third level, the others below
each of the second; every entry has an anchor.
"""

import html
import re
from dataclasses import dataclass
from pathlib import Path

from tools.pages import ROOT, PageError

FOLDER = Path("troubleshoot")
_TITLE = re.compile(r'^title: "[^:"]+: ([^"]+)"$', re.MULTILINE)
_HEADING = re.compile(r"^(##+) (.+?) *\{ *#([\w-]+) *\}$", re.MULTILINE)
_MESSAGE = re.compile(
    r"^```\{\.python \.raises\}\n.*?^```\n+```\{\.text \.output\}\n(.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
# What a block printed before it raised.
_PRINTED = re.compile(
    r"\A(?!\w[\w.]*:).*?(?=^[\w.]*(?:Error|Exception|Warning)\b)", re.M | re.S
)
_CLASS = re.compile(r"^[\w.]+: ")
_OLDER = re.compile(
    r"^(?:Older torch|Also|On CUDA): (.+?)(?=^\[|^\{|\n\n)", re.MULTILINE | re.DOTALL
)
_CODE = re.compile(r"(`+) ?(.+?) ?\1(?!`)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One error message, one symptom, or one silent bug.

    Attributes:
        page: Its page below `docs/`.
        group: The subject of that page.
        anchor: Of its heading.
        title: The heading, as HTML.
        text: Its Markdown, below the heading.
        messages: What it prints, with the class of the error, then other wordings
            without; none for a silent bug or a symptom.
    """

    page: Path
    group: str
    anchor: str
    title: str
    text: str
    messages: tuple[str, ...]

    @property
    def link(self) -> str:
        """Relative to the front page of the troubleshooting part."""
        place = self.page.relative_to(FOLDER).with_suffix("").as_posix()
        return f"{place}/#{self.anchor}"

    @property
    def other(self) -> list[str]:
        """Of its messages what the heading does not say, each cut to 250 characters."""
        title = html.unescape(self.title)
        return [m[:250] for m in self.messages if _CLASS.sub("", m) not in title]


def entries(kind: str, root: Path = ROOT) -> list[Entry]:
    """All entries, in the order of the site's navigation.

    Args:
        kind: `messages`, `silent` or `symptoms`.
        root: The folder of `mkdocs.yml` and `docs/`.

    Raises:
        PageError: A page whose title is not of the form "Messages: targets", two entries
            of a page with one anchor, or none on a page.
    """
    settings = (root / "mkdocs.yml").read_text("utf-8")
    pages = re.findall(rf"- ({FOLDER}/{kind}/\w+\.md)$", settings, re.MULTILINE)
    level = "###" if kind == "messages" else "##"
    found = []
    for page in map(Path, pages):
        text = (root / "docs" / page).read_text("utf-8")
        title = _TITLE.search(text)
        if not title:
            raise PageError(f'docs/{page}: wanted a title: "Kind: subject"')
        group = title[1][0].upper() + title[1][1:]
        # A heading, its level and anchor; then what stands below it.
        _, *parts = _HEADING.split(text)
        own = [
            Entry(
                page, group, anchor, _title(heading), below, _messages(heading, below)
            )
            for depth, heading, anchor, below in zip(*[iter(parts)] * 4, strict=True)
            if depth == level
        ]
        anchors = [entry.anchor for entry in own]
        if not own or len(set(anchors)) < len(own):
            raise PageError(
                f"docs/{page}: wanted entries with anchors of their own below "
                f"{level!r}, found {anchors}"
            )
        found += own
    return found


def _title(heading: str) -> str:
    return _CODE.sub(lambda code: f"<code>{html.escape(code[2])}</code>", heading)


def _messages(heading: str, below: str) -> tuple[str, ...]:
    """What an entry's blocks raise, and the other wordings that it quotes."""
    raised = [_PRINTED.sub("", output) for output in _MESSAGE.findall(below)]
    others = [m[2] for line in _OLDER.findall(below) for m in _CODE.finditer(line)]
    found = [" ".join(message.split()) for message in raised + others]
    # The text of a GPU, in the heading of what the device `meta` says.
    quoted = " ".join(_CODE.search(heading)[2].split()) if found else ""
    return (*found, quoted) if quoted not in " ".join(found) else (*found,)


def index(kind: str, root: Path = ROOT) -> str:
    """A list of all entries, by page, as HTML that folds.

    Args:
        kind: `messages`, `silent` or `symptoms`.
        root: The folder of `mkdocs.yml` and `docs/`.
    """
    groups: dict[str, list[Entry]] = {}
    for entry in entries(kind, root):
        groups.setdefault(entry.group, []).append(entry)
    lines = []
    for group, members in groups.items():
        fold = " open" if kind == "symptoms" else ""  # they are few
        lines.append(f"<details data-search-exclude{fold}>")
        lines.append(
            f"<summary>{html.escape(group)} <small>{len(members)}</small></summary>"
        )
        lines.append("<ul data-messages>" if members[0].messages else "<ul>")
        for entry in members:
            # What the heading does not say: the box for tracebacks compares with both.
            message = html.escape("¦".join(entry.other))
            data = f' data-other="{message}"' if message else ""
            lines.append(f'<li{data}><a href="{entry.link}">{entry.title}</a></li>')
        lines.append("</ul></details>")
    return "\n".join(lines)
