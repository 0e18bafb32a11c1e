"""The snippets as files to take: a manifest that describes each, and an archive of all."""

import ast
import hashlib
import importlib.metadata
import inspect
import io
import platform
import re
import zipfile
from pathlib import Path

from tools.artefacts import Snippet, load, store
from tools.pages import ROOT

LICENCE = "MIT-0"
PACKAGES = ("torch", "matplotlib", "scikit-learn")
_SECTION = re.compile(
    r"^(Args|Attributes|Returns|Yields|Raises|Examples|Source):", re.M
)
_VERBS = ("experiment", "figure", "table")


def versions() -> dict[str, str]:
    """Python and the packages that the snippets ran with."""
    installed = {name: importlib.metadata.version(name) for name in PACKAGES}
    return {"python": platform.python_version()} | installed


def describe(snippets: list[Snippet], cache: Path, root: Path = ROOT) -> list[dict]:
    """What the manifest says of each snippet.

    Args:
        snippets: All snippets, as `tools.artefacts.find` gives them.
        cache: File that keeps the descriptions of files that stay as they are.
        root: Folder that holds `snippets/`.

    Returns:
        For each: `path`, `name`, `object`, `kind`, `signature`, `docstring` and its
        sections as text, `imports` (of other snippets), `page` and `sha256`.
    """
    kept = load(cache) or {}
    tool = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    found = {}
    for snippet in snippets:
        source = snippet.path.read_bytes()
        digest = hashlib.sha256(source).hexdigest()
        entry = kept.get(snippet.name, {})
        if (entry.get("sha256"), entry.get("tool")) != (digest, tool):
            entry = _entry(snippet, source.decode(), root)
            entry |= {"sha256": digest, "tool": tool}
        found[snippet.name] = entry
    if found != kept:
        store(cache, found)
    return [{k: v for k, v in e.items() if k != "tool"} for e in found.values()]


def _entry(snippet: Snippet, source: str, root: Path) -> dict:
    tree = ast.parse(source)
    kinds = ast.FunctionDef, ast.ClassDef
    public = [n for n in tree.body if isinstance(n, kinds) and n.name[0] != "_"]
    node = [*public, tree][0]  # its verb, where it has one, comes first
    imported = {
        name.module if isinstance(name, ast.ImportFrom) else name.names[0].name
        for name in ast.walk(tree)
        if isinstance(name, ast.Import | ast.ImportFrom)
    }
    docstring = ast.get_docstring(node) or ""
    summary, sections = _sections(docstring)
    return {
        "path": snippet.path.relative_to(root).as_posix(),
        "name": snippet.name,
        "object": getattr(node, "name", ""),
        "kind": snippet.verb or "snippet",
        "about": inspect.cleandoc(ast.get_docstring(tree) or ""),
        "summary": summary,
        "signature": _signature(node),
        "args": sections.get("Args", ""),
        "returns": sections.get("Returns", ""),
        "raises": sections.get("Raises", ""),
        "source": " ".join(sections.get("Source", "").split()),
        "examples": sections.get("Examples", ""),
        "docstring": docstring,
        "imports": sorted(n for n in imported if n.split(".")[0] == "snippets"),
        "page": snippet.place.rpartition("/")[0] + "/",
        "licence": LICENCE,
    }


def _sections(docstring: str) -> tuple[str, dict[str, str]]:
    """The first paragraph, and the text of each section of a Google docstring."""
    before, *parts = _SECTION.split(docstring)
    names, texts = parts[::2], map(inspect.cleandoc, parts[1::2])
    summary = " ".join(before.strip().split("\n\n")[0].split())
    return summary, dict(zip(names, texts, strict=True))


def _signature(node: ast.FunctionDef | ast.ClassDef | ast.Module) -> str:
    """The call as code: `huber(prediction: Tensor, target: Tensor) -> Tensor`."""
    if isinstance(node, ast.Module):  # without a public object
        return ""
    if isinstance(node, ast.FunctionDef):
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        return f"{node.name}({ast.unparse(node.args)}){returns}"
    made = [n for n in node.body if getattr(n, "name", "") == "__init__"]
    arguments = ast.unparse(made[0].args) if made else ""
    return f"{node.name}({re.sub('^self(, )?', '', arguments)})"


def manifest(entries: list[dict]) -> dict:
    """The descriptions with the versions that everything ran with.

    Args:
        entries: What `describe` returns.
    """
    rows = [entry | {"address": entry["path"]} for entry in entries]
    return {"licence": LICENCE, "tested": versions(), "snippets": rows}


def archive(entries: list[dict], manifest: str, root: Path = ROOT) -> bytes:
    """All snippets, their licence and the manifest as a ZIP file.

    The same snippets give the same bytes.
    """
    files = {entry["path"]: (root / entry["path"]).read_bytes() for entry in entries}
    files |= {"LICENSE": licence(root).encode(), "manifest.json": manifest.encode()}
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archived:
        for path, data in sorted(files.items()):
            info = zipfile.ZipInfo(path)  # its date is fixed: 1980
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever it is made
            info.external_attr = 0o644 << 16
            archived.writestr(info, data)
    return content.getvalue()


def licence(root: Path = ROOT) -> str:
    """The part of LICENSE that covers the snippets."""
    text = (root / "LICENSE").read_text("utf-8")
    found = re.search(rf"^1\. .*\({LICENCE}\)\n(.*?)^2\. ", text, re.M | re.S)
    if not found:
        raise ValueError(f"LICENSE: wanted a part 1 that ends in ({LICENCE}) above 2")
    return f"MIT No Attribution ({LICENCE})\n\n" + inspect.cleandoc(found[1]) + "\n"


def markdown(name: str, entry: dict) -> str:
    """What a page of the reference says of a public object, as Markdown.

    Args:
        name: Its dotted name, which is its anchor.
        entry: Its description in what `describe` returns.
    """
    return (
        f"### `{entry['signature']}` {{ #{name} }}\n\n"
        f"From `{entry['path']}`:\n\n````text\n{entry['docstring']}\n````"
    )
