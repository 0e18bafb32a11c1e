"""Read a Markdown page as the site does, and know where each line of code was written.

The page goes through the same `pymdownx.snippets` and `pymdownx.superfences` as in the
site, with the settings of `mkdocs.yml`. Every line carries a mark through both, so a
line of code is known by the file and the line number to edit.
"""

import functools
import re
from dataclasses import dataclass
from pathlib import Path

import markdown
import yaml
from pymdownx.snippets import SnippetMissingError
from pymdownx.superfences import highlight_validator

ROOT = Path(__file__).resolve().parent.parent
# A mark is a private-use character and an index into the list of origins.
_MARK = re.compile("\ue000([0-9]+)\ue001")
_FENCE = re.compile(r"[\s>]*(?P<fence>`{3,}|~{3,})(?P<header>.*)")
_BLOCK_INCLUDE = re.compile(r"\s*-+8<-+\s*$")
_MARKERS = {"raises", "output", "notest"}


class PageError(Exception):
    """A page cannot be read; the message starts with `file:line`."""


@dataclass(frozen=True)
class Line:
    """One line of code, and where it was written."""

    text: str
    path: Path
    number: int


@dataclass(frozen=True)
class Fence:
    """One fenced block of a page, its includes expanded.

    Attributes:
        language: `python`, `text`, ...
        marker: `raises`, `output`, `notest`, or `""`.
        options: Options of the header, such as `title` and `reason`.
        lines: The lines between the fence's opening and closing lines.
        page: The page that holds the fence.
        number: Line of the page on which the fence's content begins.
    """

    language: str
    marker: str
    options: dict[str, str]
    lines: tuple[Line, ...]
    page: Path
    number: int

    @property
    def source(self) -> str:
        """The text as the reader sees it."""
        return "\n".join(line.text for line in self.lines) + "\n"

    @property
    def runs(self) -> bool:
        """Whether the block is executed."""
        return self.language == "python" and self.marker in {"", "raises"}

    def where(self, root: Path = ROOT) -> str:
        """`file:line` of the fence's first line, for messages."""
        return f"{relative(self.page, root)}:{self.number}"


def relative(path: Path, root: Path = ROOT) -> Path:
    """The path below `root` where it lies there, else the path itself."""
    return path.relative_to(root) if path.is_relative_to(root) else path


@functools.cache
def _settings(root: Path) -> dict[str, dict]:
    """The configurations of Markdown extensions in `mkdocs.yml`, by name."""

    class Loader(yaml.SafeLoader):
        pass

    # !ENV and !!python/name: tags belong to settings that are not needed here.
    Loader.add_multi_constructor("", lambda loader, suffix, node: None)
    site = yaml.load((root / "mkdocs.yml").read_text("utf-8"), Loader)
    settings = {}
    for entry in site["markdown_extensions"]:
        settings |= entry if isinstance(entry, dict) else {entry: {}}
    return settings


@functools.cache
def _includes(root: Path):
    """The extension that expands includes, with the site's settings."""
    settings = _settings(root)["pymdownx.snippets"] | {"base_path": [str(root)]}
    reader = markdown.Markdown(
        extensions=["pymdownx.snippets"],
        extension_configs={"pymdownx.snippets": settings},
    )
    return reader.preprocessors["snippet"]


def expand(text: str, root: Path = ROOT) -> str:
    """A page's text with its includes in place, as the site expands them."""
    if "8<-" not in text:  # as in most of the short texts that come here
        return text
    return "\n".join(_includes(root).run(text.split("\n")))


def read(page: Path, root: Path = ROOT) -> list[Fence]:
    """All fenced blocks of a page, in order.

    Args:
        page: A Markdown file.
        root: Folder of `mkdocs.yml`, and the folder that includes are relative to.

    Raises:
        PageError: A missing include or section, an include in block form, a fence that
            the site would not render as one, or a marker where it cannot stand.
    """
    found: list[tuple[str, str, list[str], dict[str, str]]] = []
    origins: list[tuple[Path, int, int]] = []  # file, line, line of the page

    def mark(text: str, path: Path, number: int) -> str:
        # A mark would hide a fence from superfences, and change how a blank line is
        # dedented.
        if not text.strip() or _FENCE.match(text):
            return text
        origins.append((path, number, here))
        return f"{text}\ue000{len(origins) - 1}\ue001"

    def validate(language, inputs, options, attrs, md):
        okay = highlight_validator(language, dict(inputs), {}, attrs, md)
        options |= inputs
        return okay

    def collect(source, language, css_class, options, md, *, classes, **_):
        # Superfences swallows what is raised here, so checks come later.
        found.append((source, language, classes, options))
        return ""

    settings = _settings(root)
    snippets = settings["pymdownx.snippets"] | {"base_path": [str(root)]}
    every = {"name": "*", "class": "", "format": collect, "validator": validate}
    fenced = settings["pymdownx.superfences"] | {"custom_fences": [every]}
    reader = markdown.Markdown(
        extensions=["pymdownx.snippets", "pymdownx.superfences", "attr_list"],
        extension_configs={
            "pymdownx.snippets": snippets,
            "pymdownx.superfences": fenced,
        },
    )
    includes = reader.preprocessors["snippet"]
    read_lines = includes.read_lines
    includes.read_lines = lambda path: [
        # A mark would hide an include, or the marker of a section.
        text if "8<-" in text else mark(text, Path(path), number)
        for number, text in enumerate(read_lines(path), start=1)
    ]

    lines: list[str] = []
    # Line by line: an include in the inline form stands alone on its line, and a
    # failure then names that line.
    for here, text in enumerate(page.read_text("utf-8").split("\n"), start=1):
        where = f"{relative(page, root)}:{here}"
        if _BLOCK_INCLUDE.match(text):
            raise PageError(f'{where}: write each include as --8<-- "path" on one line')
        try:
            expanded = includes.run([text]) if "8<-" in text else [text]
        except SnippetMissingError as error:
            raise PageError(
                f"{where}: {error}. Create it, or correct the include"
            ) from None
        lines += [t if _MARK.search(t) else mark(t, page, here) for t in expanded]

    for name in ("normalize_whitespace", "fenced_code_block"):
        lines = reader.preprocessors[name].run(lines)
    number = 0
    for text in lines:
        if marked := _MARK.search(text):
            number = origins[int(marked[1])][2]
        if (fence := _FENCE.match(text)) and not text.startswith("    "):
            raise PageError(
                f"{relative(page, root)}:{number + 1}: the block that opens or closes "
                f"near here with {fence[0].strip()!r} is not a fence to the site: "
                "close it, indent it evenly, and write options as {.python .raises}"
            )
    fences = [_fence(*block, page, root, origins) for block in found]
    _check_order(fences, root)
    return fences


def _fence(source, language, classes, options, page, root, origins) -> Fence:
    texts = source.split("\n")
    marks = [_MARK.search(text) for text in texts]
    known = [origins[int(mark[1])] if mark else None for mark in marks]
    if not any(known):
        raise PageError(f"{relative(page, root)}: a fenced block is empty")
    # Unmarked lines (blank ones, mostly) follow the line above, or lead the one below.
    first = next(i for i, origin in enumerate(known) if origin)
    for i in reversed(range(first)):
        path, number, on_page = known[i + 1]
        known[i] = (path, number - 1, on_page - (path == page))
    for i in range(first, len(known)):
        if not known[i]:
            path, number, on_page = known[i - 1]
            known[i] = (path, number + 1, on_page + (path == page))
    lines = [
        Line(_MARK.sub("", text), path, number)
        for text, (path, number, _) in zip(texts, known, strict=True)
    ]
    # The site strips blank lines at both ends of a block.
    while not lines[-1].text.strip():
        lines.pop()
    while not lines[0].text.strip():
        lines.pop(0)
        known.pop(0)
    number = known[0][2]
    where = f"{relative(page, root)}:{number}"
    if unknown := set(classes) - _MARKERS:
        raise PageError(
            f"{where}: unknown marker {sorted(unknown)}, there are {sorted(_MARKERS)}"
        )
    if len(classes) > 1:
        raise PageError(f"{where}: one marker at most, got {classes}")
    marker = classes[0] if classes else ""
    if marker == "notest" and not options.get("reason"):
        raise PageError(f'{where}: .notest needs reason="why it does not run here"')
    return Fence(language, marker, options, tuple(lines), page, number)


def _check_order(fences: list[Fence], root: Path) -> None:
    """Shown output belongs to the block above it, and each `.raises` shows some."""
    for before, fence in zip([None, *fences], [*fences, None], strict=True):
        shown = fence is not None and fence.marker == "output"
        if before and before.marker == "raises" and not shown:
            raise PageError(
                f"{before.where(root)}: a .raises block shows its message in a "
                "{.text .output} block right after it"
            )
        if shown and not (before and before.runs):
            raise PageError(
                f"{fence.where(root)}: an .output block follows the Python block that "
                "prints it"
            )
