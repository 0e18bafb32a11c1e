"""The guide without a server: a folder whose pages open as files, search included.

`python -m tools.offline` makes `offline/` and `offline.zip` of `site/`.

A file may load pictures, styles and scripts, but has no folder pages, not in every
browser fonts, and neither `fetch` nor workers: links name their `index.html`, the font of the
formulas is part of the style sheet, and the search gets its index and worker as scripts.
"""

import base64
import json
import posixpath
import re
import shutil
import zipfile
from pathlib import Path

from tools.pages import ROOT

# Nothing asks for these without a server.
_LEFT_OUT = ("404.html", "robots.txt", "sitemap.xml*", "*.map")
_LINK = re.compile(r'(<(?:a|link)\b[^>]*?\bhref=")([^"#?:]+)')
_FONT = re.compile(r'<link rel="(?:preload|prefetch)" href="[^"]*\.woff2"[^>]*>')
_BUNDLE = re.compile(r'(?=<script src="([^"]*assets/javascripts/)bundle\.)')

_IMPORT = re.compile(r"\bimportScripts\(([^)]*)\)")


def make(site: Path, folder: Path) -> None:
    """Write what a built site is without a server.

    Args:
        site: The built site; it is only read.
        folder: Where to write; what is there is removed.

    Raises:
        FileNotFoundError: No built site.
        ValueError: A part that another version of the theme has elsewhere.
    """
    if not (site / "search/index.json").is_file():
        raise FileNotFoundError(f"no built site in {site}: run `make site` first")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(site, folder, ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for path in folder.rglob("*.html"):
        page = path.relative_to(folder).as_posix()
        path.write_text(_page(path.read_text("utf-8"), page, folder), "utf-8")
    _join_font(folder / "assets")
    _join_search(folder)


def _page(html: str, page: str, folder: Path) -> str:
    """A page whose links name files, and which loads the search's scripts."""

    def name(link: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(page), link[2]))
        is_page = (folder / target / "index.html").is_file()
        return link[1] + (posixpath.join(link[2], "index.html") if is_page else link[2])

    html = _FONT.sub("", _LINK.sub(name, html))
    html, found = _BUNDLE.subn(r'<script src="\1offline.js"></script>', html)
    if found != 1:
        raise ValueError(f"{page}: expected one script of the theme, found {found}")
    return html


def _join_font(assets: Path) -> None:
    font = assets / "fonts/math.woff2"
    data = base64.b64encode(font.read_bytes()).decode()
    style = (assets / "style.css").read_text("utf-8")
    joined = style.replace("fonts/math.woff2", f"data:font/woff2;base64,{data}")
    if joined == style:
        raise ValueError("assets/style.css has no fonts/math.woff2 to join")
    (assets / "style.css").write_text(joined, "utf-8")
    font.unlink()


def _join_search(folder: Path) -> None:
    index = json.loads((folder / "search/index.json").read_text("utf-8"))
    for entry in index["docs"]:
        page, hash_, section = entry["location"].partition("#")
        entry["location"] = f"{page}index.html{hash_}{section}"
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
    # The theme loads this one by itself where there is no server.
    (folder / "search/search_index.js").write_text(f"var __index = {text}", "utf-8")
    for unused in "search/index.json", "search/search_index.json":
        (folder / unused).unlink()

    scripts = folder / "assets/javascripts"
    (worker,) = scripts.glob("workers/search.*.min.js")
    text = worker.read_text("utf-8")
    texts = {"worker": text}
    for names in _IMPORT.findall(text):
        for name in re.findall(r'"([^"]+)"', names):
            texts[name] = (worker.parent / name).read_text("utf-8")
    shim = Path(__file__).with_suffix(".js").read_text("utf-8")
    shim = f"const texts = {json.dumps(texts)}\n{shim}"
    (scripts / "offline.js").write_text(shim, "utf-8")
    shutil.rmtree(worker.parent)


def pack(folder: Path, archive: Path) -> None:
    """Write a folder as a zip; the same files give the same bytes."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = f"criterion/{path.relative_to(folder).as_posix()}"
                entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                entry.external_attr = 0o644 << 16
                entry.compress_type = zipfile.ZIP_DEFLATED
                packed.writestr(entry, path.read_bytes())


if __name__ == "__main__":
    make(ROOT / "site", ROOT / "offline")
    pack(ROOT / "offline", ROOT / "offline.zip")
    print("offline/index.html opens without a server; offline.zip is the same to send")
