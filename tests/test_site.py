"""The built site: what is shown is what ran, and nothing in it leads nowhere."""

import posixpath
import re
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest

from tests.conftest import SITE_URL
from tools.pages import ROOT, read

PAGES = sorted((ROOT / "docs").rglob("*.md"))


def url_of(page: Path) -> str:
    path = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
    return "" if path == "index" else f"{path.removesuffix('/index')}/"


@pytest.mark.parametrize("page", PAGES, ids=url_of)
def test_shown_code_is_the_code_that_ran(page, documents):
    url, fences = url_of(page), read(page)
    shown = [text.strip("\n") for text in documents[url].code]
    # An annotation or a plugin that rewrites code would show up here.
    assert shown == [fence.source.strip("\n") for fence in fences]
    # What is above a file's code says of the file, and leads to it.
    for fence in fences:
        path = fence.options.get("title", "")
        if path.startswith("snippets/"):
            assert fence.source.strip() == (ROOT / path).read_text("utf-8").strip()
            assert documents[url].links.count("../" * url.count("/") + path) >= 2, path


def test_every_page_is_built(documents):
    assert {url_of(page) for page in PAGES} <= set(documents)


def test_links_lead_somewhere(site, documents):
    broken = []
    for url, document in documents.items():
        base = "" if url == "404.html" else url
        for link in document.links + document.resources:
            address, anchor = urldefrag(link)
            if address.startswith(SITE_URL):
                address = "/" + address.removeprefix(SITE_URL)
            elif url == "404.html":
                # The one page that is served from any folder links from the root.
                address = address.removeprefix(urlsplit(SITE_URL).path.rstrip("/"))
            if urlsplit(address).scheme in {"https", "mailto", "data"}:
                continue
            target = posixpath.normpath(posixpath.join("/", base, unquote(address)))
            target = target.lstrip("/") if address else url
            path = site / target
            if path.is_dir():
                path = path / "index.html"
            if not path.is_file():
                broken.append(f"{url}: {link}")
            elif anchor and path.suffix == ".html":
                key = path.relative_to(site).as_posix().removesuffix("index.html")
                if unquote(anchor) not in documents[key].ids:
                    broken.append(f"{url}: {link}")
    assert not broken


def test_ids_are_unique(documents):
    for url, document in documents.items():
        doubled = {i for i in document.ids if document.ids.count(i) > 1}
        assert not doubled, f"{url}: {doubled}"


def test_pictures_say_what_is_seen(documents):
    for url, document in documents.items():
        for image in document.images:
            if image["tag"] == "img":
                assert "alt" in image, f"{url}: {image}"
            elif image.get("class") == "plot":
                assert len(image["aria-label"]) > 20, f"{url}: {image['aria-label']}"


def test_headings_go_down_one_level_at_a_time(documents):
    for url, document in documents.items():
        levels = [level for level, _ in document.headings]
        assert levels[:1] == [1], f"{url}: begins with a heading of level {levels[:1]}"
        assert levels.count(1) == 1, f"{url}: {levels.count(1)} titles"
        steps = zip(levels, levels[1:], strict=False)
        assert all(after <= before + 1 for before, after in steps), f"{url}: {levels}"


def test_nothing_comes_from_a_third_party(site, documents):
    for url, document in documents.items():
        for link in document.resources:
            own = link.startswith(SITE_URL) or not urlsplit(link).netloc
            assert own, f"{url}: {link}"
    for path in site.rglob("*.css"):
        for link in re.findall(r"url\(([^)]+)\)", path.read_text("utf-8")):
            assert not re.match(r"['\"]?(https?:)?//", link), f"{path.name}: {link}"


def test_language_is_set(documents):
    assert {document.language for document in documents.values()} == {"en"}


def test_sources_lists_what_pages_cite(documents):
    papers = re.compile(r"https://(arxiv\.org|doi\.org|dl\.acm\.org|proceedings\.)")
    listed = set(documents["reference/sources/"].links)
    missing = {
        link
        for document in documents.values()
        for link in document.links
        if papers.match(link) and link not in listed
    }
    assert not missing
