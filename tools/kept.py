"""What Markdown and search make of a page, kept until something that it depends on changes.

Without it each build, and each reload while serving, renders every page again.
"""

import functools
import importlib.metadata
import re
from pathlib import Path

from mkdocs.structure.toc import get_toc

from tools.artefacts import key_of_text, load, store
from tools.pages import ROOT

RENDERERS = (
    *("mkdocs", "Markdown", "pymdown-extensions", "Pygments", "mkdocs-autorefs"),
    *("mkdocs-material", "mkdocstrings", "mkdocstrings-python", "griffelib"),
)
_OBJECT = re.compile(r"^::: ((\S+)\.\w+)$", re.MULTILINE)


def key_of_page(page, files) -> str:
    """Hash of the page, what it includes, the names of all files, and what renders it."""
    paths = ["mkdocs.yml", "docs/reference/glossary.md"]
    paths += re.findall(r'--8<-- "([^"]+)"', page.markdown)
    modules = [module for _, module in _OBJECT.findall(page.markdown)]
    paths += [f"{module.replace('.', '/')}.py" for module in modules]
    texts = [
        path.read_text("utf-8") for name in paths if (path := ROOT / name).is_file()
    ]
    parts = [page.markdown, *files.src_uris, *texts, *_renderers()]
    return key_of_text("\n".join(parts), [])


@functools.cache
def _renderers() -> tuple[str, ...]:
    """What makes HTML of every page: these tools, and the versions of the others."""
    folder = Path(__file__).parent
    tools = [
        (folder / f"{t}.py").read_text("utf-8")
        for t in ("glossary", "hooks", "kept", "pages", "render")
    ]
    return (*tools, *map(importlib.metadata.version, RENDERERS))


def restore(page, key: str, config, files, folder: Path) -> bool:
    """Give a page what `keep` stored of it under the same key, if there is something."""
    result = load(_stored(page, folder))
    if not result or result["key"] != key:
        return False
    page.content, page.toc = result["html"], get_toc(result["toc"])
    page._title_from_render = result["title"]
    page.present_anchor_ids = set(result["ids"])
    page.links_to_anchors = {
        files.get_file_from_path(path): anchors
        for path, anchors in result["links"].items()
    }
    for name, _ in _OBJECT.findall(page.markdown):
        config.plugins["autorefs"].register_anchor(page, name)
    return True


def keep(page, key: str, folder: Path) -> None:
    """Store what rendering made of a page."""
    result = {
        "key": key,
        "html": page.content,
        "toc": contents(page.toc),
        "title": page._title_from_render,
        "ids": sorted(page.present_anchor_ids),
        "links": {
            file.src_uri: anchors
            for file, anchors in (page.links_to_anchors or {}).items()
        },
    }
    store(_stored(page, folder), result)


def keep_entries(index, folder: Path) -> None:
    """Let a search index keep what it takes from each page."""
    add = index.add_entry_from_context
    version = importlib.metadata.version("mkdocs-material")

    @functools.wraps(add)
    def add_or_restore(page) -> None:
        meta = str([page.url, page.title, sorted(page.meta.items())])
        key = key_of_text("\n".join([page.content, meta, version]), [])
        result = load(_stored(page, folder))
        if result and result["key"] == key:
            index.entries += result["entries"]
            return
        before = len(index.entries)
        add(page)
        store(_stored(page, folder), {"key": key, "entries": index.entries[before:]})

    index.add_entry_from_context = add_or_restore


def contents(toc) -> list[dict]:
    """A table of contents as `mkdocs.structure.toc.get_toc` takes it."""
    return [
        {
            "name": link.title,
            "id": link.id,
            "level": link.level,
            "children": contents(link.children),
        }
        for link in toc
    ]


def _stored(page, folder: Path) -> Path:
    return folder / page.file.src_uri.replace("/", ".")
