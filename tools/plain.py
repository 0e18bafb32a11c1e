"""Pages as Markdown for programs: what a language model reads instead of the HTML.

It is the text that the site's Markdown is made from, with includes expanded, tables in
place and links that resolve. What only the theme understands is written in CommonMark:
a folded block is a bold title, a marker of a fence is a word behind its language.
"""

import html
import importlib.metadata
import json
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tools.pages import ROOT, expand

_FENCE = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<header>.*)\n"
    r"(?P<code>(?:.*\n)*?)(?P=indent)(?P=fence)$",
    re.MULTILINE,
)
_END = re.compile(r"(?:\n *)+\Z")
_OPTIONS = re.compile(r"\{\.(?P<classes>\w+(?: \.\w+)*)(?P<options>[^}]*)\}")
_FOLDED = re.compile(r'(?:!!!|\?\?\?\+?|===) (?:[\w ]*)"(?P<title>.*)"$')
_SPAN = re.compile(r"((?<!`)(`+)(?!`)(?:(?!\n\n).)+?(?<!`)\2(?!`))", re.DOTALL)
_ATTRIBUTES = re.compile(r" ?\{:? *((?:[.#][a-zA-Z][\w-]* *)+)\}")
_WRAPPER = re.compile(r"^ *</?(?:div|ul|nav)\b[^>]*>\n?", re.MULTILINE)
_ITEM = re.compile(r'<li\b[^>]*><a href="([^"]*)">(.*?)</a></li>')
_DETAILS = re.compile(r'<details\b(?:[^>]*?( id="[^"]*"))?[^>]*>')
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_REFERENCE = re.compile(r"\]\[([\w.]+)\]|\[([\w.]+)\]\[\]")
_DEFINITION = re.compile(r"^\[([^\]]+)\]: (\S+)", re.MULTILINE)
_SCHEME = re.compile(r"\w+:")
_OBJECT = re.compile(r"^::: (\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Site:
    """What links need to know.

    Attributes:
        base: Address of the site, ending in "/", or "" if it is not known yet: links
            are then relative.
        urls: Address of each page below the root, by its path below `docs/`, and by the
            address itself without its last "/".
        symbol: The address of a symbol such as `torch.nn.MSELoss`, or None.
        describe: The Markdown of a public object of `snippets/`, by its dotted name.
    """

    base: str
    urls: dict[str, str]
    symbol: Callable[[str], str | None]
    describe: Callable[[str], str]

    def link(self, target: str, page: str, here: str = "") -> str:
        """Where a link of a page leads, as a page of Markdown has to write it.

        Args:
            target: As the page writes it.
            page: Path of the page below `docs/`.
            here: Folder of the text that will hold the link, below the root, for
                relative links.
        """
        path, mark, anchor = target.partition("#")
        if not path or _SCHEME.match(target):
            return target
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        path = address(self.urls[path]) if path in self.urls else path
        if not self.base:
            return posixpath.relpath(path, here or ".") + mark + anchor
        return self.base + path + mark + anchor


def address(url: str) -> str:
    """Of a page as Markdown, by the address of the page, both below the root."""
    folder = re.sub(r"(^|/)index\.html$|\.html$", r"\1", url)
    return posixpath.join(folder, "index.md")


def convert(text: str, page: str, site: Site, here: str = "", root: Path = ROOT) -> str:
    """The Markdown of a page, for programs.

    Args:
        text: The page's text without front matter, its tables joined.
        page: Its path below `docs/`.
        site: What links need to know.
        here: Folder below the root from which relative links start.
        root: The folder that includes are relative to.
    """
    names = dict(_DEFINITION.findall(text))
    text = expand(text, root)
    depths = [0]  # of the indentation of the folded blocks that are open
    parts = []
    end = 0
    for block in _FENCE.finditer(text):
        between = _unfold(text[end : block.start()], depths)
        parts += [_prose(between, page, site, here, names), _code(block, depths)]
        end = block.end()
    parts.append(_prose(_unfold(text[end:], depths), page, site, here, names))
    parts = [part.strip("\n") for part in parts]
    return "\n\n".join(part for part in parts if part) + "\n"


def _unfold(text: str, depths: list[int]) -> str:
    """Prose whose folded blocks are titles, and their text unindented."""
    lines = []
    for line in text.split("\n"):
        bare = line.lstrip(" ")
        indent = len(line) - len(bare)
        if bare:
            while indent < depths[-1]:
                depths.pop()
        depth = depths[-1]
        if folded := _FOLDED.match(bare):
            depths.append(indent + 4)
            line = f"{' ' * indent}**{folded['title']}**"
        lines.append(line[depth:])
    return "\n".join(lines)


def _code(block: re.Match[str], depths: list[int]) -> str:
    """A fenced block, unindented as the folded block that it stands in."""
    while len(block["indent"]) < depths[-1]:
        depths.pop()
    fence = block["indent"] + block["fence"]
    code = _END.sub("", block["code"])  # an included file ends in a blank line
    text = f"{fence}{_header(block['header'])}\n{code}\n{fence}"
    return re.sub(f"^ {{{depths[-1]}}}", "", text, flags=re.M) if depths[-1] else text


def _header(header: str) -> str:
    """`python raises` for `{.python .raises}`."""
    if not (options := _OPTIONS.fullmatch(header)):
        return header
    words = options["classes"].replace(".", "")
    return words + options["options"].replace("data-reason", "reason")


def _prose(text: str, page: str, site: Site, here: str, names: dict) -> str:
    """Text outside of fences: links resolved, what is for the theme removed."""

    def reference(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name in names or not (url := site.symbol(name)):
            return found[0]
        url = site.link(url, "", here)
        return f"]({url})" if found[1] else f"[{name}]({url})"

    def attributes(found: re.Match[str]) -> str:
        ids = [word for word in found[1].split() if word.startswith("#")]
        return f" {{ {' '.join(ids)} }}" if ids else ""

    def link(found: re.Match[str]) -> str:
        return found[0].replace(found[1], site.link(found[1], page, here))

    def definition(found: re.Match[str]) -> str:
        return f"[{found[1]}]: {site.link(found[2], page, here)}"

    def item(found: re.Match[str]) -> str:
        words = re.sub(r"</?code>", "`", html.unescape(found[2]))
        return f"- [{words}]({found[1]})"

    if "<" in text:
        text = _WRAPPER.sub("", text)
        text = _DETAILS.sub(r"<details\1>", _ITEM.sub(item, text))
    text = _OBJECT.sub(lambda found: site.describe(found[1]), text)
    pieces = _SPAN.split(text)
    # Each code span comes with its backticks as a group of its own.
    for i in range(0, len(pieces), 3):
        piece = pieces[i]
        if "{" in piece:
            piece = _ATTRIBUTES.sub(attributes, piece)
        if "]" in piece:
            piece = _REFERENCE.sub(reference, _LINK.sub(link, piece))
        if names:
            piece = _DEFINITION.sub(definition, piece)
        pieces[i] = piece
    text = "".join(piece for i, piece in enumerate(pieces) if i % 3 != 2)
    return re.sub(r"\n{3,}", "\n\n", text)


@dataclass(frozen=True)
class Page:
    """One page of the site.

    Attributes:
        path: Below `docs/`.
        url: Below the root of the site.
        section: The part of the navigation that holds it, or its own title.
        title: Its title.
        description: From its front matter.
        text: Its Markdown, with tables joined, or the source of a notebook.
        html: What became of a notebook, with its outputs; not needed of other pages.
    """

    path: str
    url: str
    section: str
    title: str
    description: str
    text: str
    html: str = ""


def document(page: Page, body: str, base: str) -> str:
    """A page's Markdown under a front matter that says what and where it is."""
    fields = {"title": page.title, "description": page.description}
    if base:
        fields["canonical"] = base + page.url
    lines = [
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in fields.items()
    ]
    return "\n".join(["---", *lines, "---", "", body])


# Of more use to those who look something up than to those who learn what there is.
_OPTIONAL = ("Reference", "Contribute")
_MARKS = """\
Everything ran with torch {torch}: behind the language of a block of code stands what became of it.
`python` ran. `python raises` raised, or warned of, what the block below says. `text output` is what the
block above printed. `python notest` did not run, for the reason given. The Python of a page is one
program, from top to bottom."""


def llms(
    name: str, description: str, pages: list[Page], files: dict[str, str], base: str
) -> str:
    """The list of all pages and files for language models, as llmstxt.org describes it.

    Args:
        name: Of the site.
        description: Of the site.
        pages: All pages, in the order of the navigation.
        files: What each file of data holds, by its address below the root.
        base: Address of the site, ending in "/", or "".
    """
    intro = _MARKS.format(torch=importlib.metadata.version("torch").split("+")[0])
    lines = [f"# {name}", "", f"> {description}", "", intro]
    sections: dict[str, list[str]] = {}
    for page in pages:
        line = f"- [{page.title}]({base}{address(page.url)}): {page.description}"
        section = "Optional" if page.section in _OPTIONAL else page.section
        sections.setdefault(section, []).append(line)
    optional = sections.pop("Optional", [])
    data = [f"- [{path}]({base}{path}): {what}" for path, what in files.items()]
    for title, items in (sections | {"Data": data, "Optional": optional}).items():
        lines += ["", f"## {title}", "", *items]
    return "\n".join(lines) + "\n"
