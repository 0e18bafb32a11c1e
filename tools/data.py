"""What the guide found out, as JSON: contracts, error messages, recipes and claims.

Each file is made from what its page is made from: the tables that snippets make by
running torch, the pages of messages, the ledger. Nothing is written down twice.
"""

import html
import importlib.metadata
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from tools import claims as ledger
from tools import messages
from tools.pages import ROOT, PageError, expand

CONTRACTS, RECIPES = Path("losses/contracts.md"), Path("training/recipes.md")
_CODE = re.compile(r"^(`+) ?(.*?) ?\1$", re.DOTALL)
_LINKED = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<target>[^)]+)\)")
_KINDS = re.compile(r"((?:`[\w -]+`(?:, )?)+): ((?:`[^`]*`|[^`.])+)\.")
_FENCE = re.compile(
    r"^```(?P<header>[^\n]*)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^##+ .*\{ *#([\w-]+) *\}$", re.MULTILINE)


def contracts(artefacts: dict[str, str], root: Path = ROOT) -> dict:
    """Each loss of torch: what it takes and returns, and what each mistake does.

    Args:
        artefacts: Results of `tools.artefacts.build`.
        root: Folder that holds `docs/`.
    """
    folder = CONTRACTS.with_suffix("")
    head, *facts = _rows(artefacts[f"{folder}/overview.md"])
    facts = {_text(row[0]): dict(zip(head, row, strict=True)) for row in facts}
    losses = []
    family = ""
    for part in re.split(r"^(?=##+ )", artefacts[f"{folder}/mistakes.md"], flags=re.M):
        title = re.match(r"(##+) (.+?) \{ #([\w-]+) \}", part)
        if not title:
            continue
        if title[1] == "##":
            family = title[2]
            continue
        name = title[2]
        fact = {key.replace("`", ""): value for key, value in facts.pop(name).items()}
        symbols = re.findall(r"\[(torch\.[\w.]+)\]\[\]", part)
        chapter = _LINKED.search(part)["target"]
        _, *mistakes = _rows(part)
        losses.append(
            {
                "name": name,
                "family": family,
                "symbols": symbols,
                "address": f"{folder}/#{title[3]}",
                "chapter": "losses/" + chapter.replace(".md", "/"),
                "arguments": re.findall(r"^- `(.+)`$", part, re.M),
                "target dtype": fact["target dtype"],
                "mean divides by": fact["mean divides by"],
                "none returns": fact["none returns"].strip("`"),
                "gradient in the target": fact["gradient in the target"],
                "empty batch": fact["empty batch"],
                "half precision": fact["half precision"],
                "mistakes": [_mistake(*row) for row in mistakes],
            }
        )
    if facts:
        raise ValueError(f"no section of {folder}/mistakes.md for {sorted(facts)}")
    return _file(f"{folder}/", losses=losses) | {"kinds": kinds(root)}


def kinds(root: Path = ROOT) -> dict[str, str]:
    """What each kind of argument holds, from the page of contracts."""
    text = (root / "docs" / CONTRACTS).read_text("utf-8").partition("\n## ")[0]
    found = {}
    for names, meaning in _KINDS.findall(text):
        for name in re.findall(r"`([^`]+)`", names):
            found[name] = " ".join(meaning.replace("`", "").split())
    return found


def _mistake(what: str, happens: str) -> dict[str, str]:
    """`"does"` is raises, warns or silent; then the message, and what follows."""
    row = {"mistake": what}
    if silent := re.fullmatch(r"\*\*silent\*\*: (.*)", happens):
        return row | {"does": "silent", "then": silent[1]}
    if warns := re.fullmatch(r"warns (`+.*`+), then (.*)", happens):
        return row | {"does": "warns", "message": _code(warns[1]), "then": warns[2]}
    return row | {"does": "raises", "message": _code(happens)}


def errors(prose: Callable[[str, str], str], root: Path = ROOT) -> dict:
    """Each error message: cause, the code that raises it, and the fix.

    Args:
        prose: Markdown for programs, of Markdown and the path of its page below `docs/`.
        root: Folder that holds `docs/`.
    """
    rows = []
    entries = messages.entries("messages", root)
    for entry in entries:
        text = expand(entry.text, root)
        first = _FENCE.search(text)
        blocks = [(f["header"], f["code"]) for f in _FENCE.finditer(text)]
        raised = [code for header, code in blocks if header == "{.python .raises}"]
        fixes = [code for header, code in blocks if header == "python"]
        said = [m for m in entry.messages if re.match(r"[\w.]+: ", m)]
        rows.append(
            {
                "heading": html.unescape(re.sub(r"</?code>", "`", entry.title)),
                "subject": entry.group,
                "messages": said,
                "other wordings": [m for m in entry.messages if m not in said],
                "cause": prose(text[: first.start()] if first else text, entry.page),
                "raised by": raised,
                "fix": fixes,
                "address": f"{entry.page.with_suffix('')}/#{entry.anchor}",
            }
        )
    pages = {entry.group: entry.page for entry in entries}
    setup = {group: _setup(page, root) for group, page in pages.items()}
    return _file(f"{messages.FOLDER}/", setup=setup, errors=rows)


def _setup(page: Path, root: Path) -> str:
    """The code that runs before the first entry of a page of messages."""
    text = (root / "docs" / page).read_text("utf-8").partition("\n### ")[0]
    return "\n".join(
        f["code"] for f in _FENCE.finditer(text) if f["header"] == "python"
    )


def recipes(artefacts: dict[str, str], entries: list[dict], root: Path = ROOT) -> dict:
    """Each published recipe: what its function builds, and where it was read.

    Args:
        artefacts: Results of `tools.artefacts.build`.
        entries: What `tools.catalog.describe` returns.
        root: Folder that holds `docs/`.

    Raises:
        PageError: No snippet, or more than one, is called what a row is called.
    """
    folder = RECIPES.with_suffix("")
    own = [e for e in entries if e["page"] == f"{folder}/" and e["kind"] == "snippet"]
    anchors = _anchors(RECIPES, root)
    rows = []
    for table in ("images", "sequences"):
        for task, text in _tasks(artefacts[f"{folder}/{table}.md"]):
            for recipe, optimizer, rate in _rows(text)[1:]:
                title, use = recipe.split("<br>")
                link = _LINKED.match(title)
                batch, clip = re.fullmatch(r"batch (.*); clip (.*)", use).groups()
                algorithm = optimizer.split("<br>")
                snippet = _named(link["text"], own, root)
                rows.append(
                    {
                        "name": link["text"],
                        "task": task,
                        "optimizer": ", ".join(algorithm[:-1]),
                        "weight decay": re.sub("^decay ", "", algorithm[-1]),
                        "learning rate": rate.replace("<br>", ", "),
                        "batch": batch,
                        "clip": clip,
                        "confidence": title[-2],
                        "source": link["target"],
                        "snippet": snippet["path"],
                        "signature": snippet["signature"],
                        "address": f"{folder}/#{anchors[snippet['path']]}",
                    }
                )
    return _file(f"{folder}/", recipes=rows)


def _tasks(text: str) -> list[tuple[str, str]]:
    _, *parts = re.split(r"^\*\*(.+)\*\*$", text, flags=re.MULTILINE)
    return list(zip(parts[::2], parts[1::2], strict=True))


def _named(title: str, entries: list[dict], root: Path) -> dict:
    """The snippet whose first line has all words of a title before its colon."""
    words = set(title.split())
    found = [e for e in entries if words <= set(e["about"].partition(":")[0].split())]
    if len(found) != 1:
        names = [entry["path"] for entry in found]
        raise PageError(
            f"docs/{RECIPES}: wanted one snippet for {title!r}, got {names}"
        )
    return found[0]


def _anchors(page: Path, root: Path) -> dict[str, str]:
    """The section of a page in which it includes each snippet first."""
    text = (root / "docs" / page).read_text("utf-8")
    found: dict[str, str] = {}
    for include in re.finditer(r'--8<-- "([^"]+)"', text):
        above = _HEADING.findall(text, 0, include.start())
        found.setdefault(include[1], above[-1])
    return found


def claims(prose: Callable[[str, Path], str], root: Path = ROOT) -> dict:
    """Each claim of the ledger, its verdict and the sections that rest on it.

    Args:
        prose: Markdown for programs, of Markdown and the path of its page below `docs/`.
        root: Folder that holds `docs/`.
    """
    places = defaultdict(dict)
    for link in ledger.advice(root):
        url = link.page.with_suffix("").as_posix().removesuffix("index").rstrip("/")
        anchor = f"#{link.anchor}" if link.anchor else ""
        places[link.claim][f"{url}/{anchor}".lstrip("/")] = None  # each once, in order
    rows = [
        {
            "id": claim.id,
            "part": claim.part,
            "claim": claim.text,
            "verdict": claim.verdict,
            "why": prose(claim.why, ledger.PAGE),
            "see": prose(claim.see, ledger.PAGE),
            "named on": list(places[claim.id]),
            "address": f"{ledger.PAGE.with_suffix('')}/#{claim.id}",
        }
        for claim in ledger.claims(root)
    ]
    return _file(f"{ledger.PAGE.with_suffix('')}/", claims=rows)


# Where addresses stand in the rows.
_ADDRESSES = {"address", "chapter", "page", "snippet"}


def dump(content: dict, site_url: str) -> str:
    """One of the above as JSON, a row on each line, its addresses below `site_url`.

    Args:
        content: What one of the above returns.
        site_url: Address of the site, ending in "/"; "" leaves addresses relative to its
            root.
    """

    def absolute(key: str, value):
        if key in _ADDRESSES:
            return site_url + value
        if key == "named on":
            return [site_url + url for url in value]
        return value

    parts = []
    for key, value in content.items():
        text = json.dumps(absolute(key, value), ensure_ascii=False)
        if isinstance(value, list):
            rows = [{k: absolute(k, v) for k, v in row.items()} for row in value]
            lines = [json.dumps(row, ensure_ascii=False) for row in rows]
            text = "[\n" + ",\n".join(lines) + "\n]"
        parts.append(f"{json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _file(page: str, **rows: list[dict] | dict) -> dict:
    return {
        "page": page,
        "torch": importlib.metadata.version("torch").split("+")[0],
    } | rows


def _rows(text: str) -> list[list[str]]:
    """The cells of a Markdown table, without the line below its head."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line.strip()[1:-1]) for line in lines]
    return [
        [cell.strip().replace(r"\|", "|") for cell in row]
        for row in cells
        if not re.fullmatch(r"[\s|:-]+", "|".join(row))
    ]


def _text(cell: str) -> str:
    """A cell without its link."""
    return _LINKED.sub(lambda link: link["text"], cell)


def _code(cell: str) -> str:
    """A cell that is one span of code, as text."""
    found = _CODE.match(cell)
    if not found:
        raise ValueError(f"wanted one span of code, got {cell!r}")
    return found[2]
