"""The guide without a server: every link names a file, and the search works."""

import os
import posixpath
import re
import zipfile
from urllib.parse import unquote, urlsplit

import pytest

from tests.conftest import watched
from tests.test_browser import search
from tools import offline

ADDRESS = re.compile(r'<(?:a|link|script|img)\b[^>]*?\b(?:href|src)="([^"#?]+)')
# A symbol, and a message with another reader's numbers in it.
QUERIES = (
    "nn.CrossEntropyLoss",
    "Using a target size (torch.Size([32])) that is different to the input size",
)


@pytest.fixture(scope="module")
def folder(site, tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline") / "guide"
    offline.make(site, folder)
    return folder


@pytest.fixture
def tab(browser):
    with browser.new_context() as context:
        yield watched(context.new_page())


def test_every_address_is_a_file(folder):
    missing = []
    for path in folder.rglob("*.html"):
        page = path.relative_to(folder).as_posix()
        found = ADDRESS.findall(path.read_text("utf-8"))
        assert len(found) > 20, page
        for address in found:
            if not urlsplit(address).scheme:
                target = posixpath.join(posixpath.dirname(page), unquote(address))
                if not (folder / posixpath.normpath(target)).is_file():
                    missing.append(f"{page}: {address}")
    assert not missing


def test_all_pages_are_there(site, folder):
    pages = {path.relative_to(site) for path in site.rglob("*.html")}
    own = {path.relative_to(folder) for path in folder.rglob("*.html")}
    assert {page.as_posix() for page in pages - own} == {"404.html"}


def test_the_search_finds_the_same_without_a_server(tab, folder, address):
    found = []
    for place in address, f"{folder.as_uri()}/":
        tab.goto(f"{place}index.html")
        path = urlsplit(place).path
        found.append(
            [
                [link.removeprefix(path).removesuffix("index.html") for link in links]
                for links in (search(tab, query) for query in QUERIES)
            ]
        )
    served, files = found
    assert files == served
    tab.click(".md-search-result__item a")
    tab.wait_for_url(f"{folder.as_uri()}/{files[-1][0]}index.html**")
    assert not tab.errors


def test_a_page_is_whole_without_a_server(tab, folder):
    tab.emulate_media(color_scheme="dark")
    tab.goto(f"{folder.as_uri()}/optimizers/adam/index.html")
    tab.evaluate("document.fonts.ready")
    fonts = "[...document.fonts].map(font => [font.family, font.status].join())"
    assert tab.evaluate(fonts) == ["STIX Two Math,loaded"]
    assert tab.get_attribute("body", "data-md-color-scheme") == "slate"
    assert tab.locator(".md-typeset pre .md-code__button, .md-code__nav").count()

    # What the guide's own script adds.
    tab.goto(f"{folder.as_uri()}/troubleshoot/index.html")
    tab.fill("[data-paste] textarea", f"UserWarning: {QUERIES[-1]}")
    tab.click("[data-paste] li a")
    assert "/troubleshoot/messages/targets/index.html#" in tab.url
    assert tab.requests and all(url.startswith("file:") for url in tab.requests)
    assert not tab.errors


def test_the_same_files_give_the_same_archive(tmp_path):
    names = [f"{letter}/{digit}.txt" for letter in "cab" for digit in range(5)]
    for folder, order, mode in ("one", names, 0o600), ("two", names[::-1], 0o644):
        for name in order:
            path = tmp_path / folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
            path.chmod(mode)
        os.utime(path, (0, 0))
        offline.pack(tmp_path / folder, tmp_path / f"{folder}.zip")
    one, two = ((tmp_path / f"{name}.zip").read_bytes() for name in ("one", "two"))
    assert one == two
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == [f"criterion/{name}" for name in sorted(names)]
        assert archive.read("criterion/b/3.txt") == b"b/3.txt"
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
        assert modes == {0o644}


def test_what_cannot_be_made_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `make site` first"):
        offline.make(tmp_path, tmp_path / "offline")
    (tmp_path / "search").mkdir()
    (tmp_path / "search/index.json").write_text('{"docs": []}')
    (tmp_path / "page.html").write_text("<p>Another theme</p>")
    with pytest.raises(ValueError, match="page.html: expected one script .*, found 0"):
        offline.make(tmp_path, tmp_path.with_name("other"))
