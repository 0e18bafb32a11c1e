"""The guide without a server: every link names a file, and the search works."""

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
    for name in "one", "two":
        (tmp_path / name / "b").mkdir(parents=True)
        for file in ("b/c.txt", "a.txt") if name == "one" else ("a.txt", "b/c.txt"):
            (tmp_path / name / file).write_text(file)
        (tmp_path / name / "a.txt").chmod(0o600 if name == "one" else 0o644)
        offline.pack(tmp_path / name, tmp_path / f"{name}.zip")
    one, two = ((tmp_path / f"{name}.zip").read_bytes() for name in ("one", "two"))
    assert one == two
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.namelist() == ["criterion/a.txt", "criterion/b/c.txt"]
        assert archive.read("criterion/b/c.txt") == b"b/c.txt"
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
