"""Every page of the built site in Chromium: complete, light, steady, accessible."""

import functools
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.conftest import DESKTOP, PHONE, due, watched
from tests.test_site import PAGES, url_of
from tools.pages import ROOT

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.py"))
URLS = [url_of(path) for path in PAGES + NOTEBOOKS]
CHAPTER = "losses/regression/"
# A chapter, the home page, the API and a chooser: every kind of element there is.
WHOLE = {CHAPTER, "", "reference/snippets/start/", "choose/loss/"}
# And every place where a script adds something.
SCRIPTED = {
    "losses/contracts/",
    "optimizers/reference/",
    "optimizers/trajectories/",
    "training/weight_decay/",
}

every_page = pytest.mark.parametrize("url", URLS)


@functools.cache
def weight(path: Path) -> int:
    """Bytes of a file as a server with brotli sends it."""
    data = path.read_bytes()
    return len(data if path.suffix in {".woff2", ".png"} else brotli.compress(data))


def transferred(site: Path, address: str, requests: set[str]) -> float:
    """Kilobytes that a server sends for these requests."""
    total = 0
    for request in requests:
        if request.startswith(address):
            path = site / urlsplit(request).path.lstrip("/")
            total += weight(path / "index.html" if path.is_dir() else path)
    return total / 1000


@pytest.fixture(scope="module")
def tab(browser):
    """Keeps what all pages load, as the browser of a reader does."""
    context = browser.new_context(reduced_motion="reduce")
    yield watched(context.new_page())
    context.close()


@every_page
def test_page(tab, site, address, url):
    """On a phone, then on a desktop in the dark: right, light, steady, accessible."""
    page, whole = tab, url in WHOLE
    look(page, PHONE, "light")
    page.requests.clear()
    page.errors.clear()
    page.goto(address + url)
    if whole:
        page.wait_for_load_state("networkidle")  # what is fetched late counts, too
    assert page.get_attribute("body", "data-md-color-scheme") == "default"
    assert transferred(site, address, set(page.requests)) <= 110
    # All that a reader transfers who comes from another page.
    assert transferred(site, address, {address + url}) <= 30
    assert (
        page.evaluate(
            """() => new Promise(resolve => {
            let sum = 0
            new PerformanceObserver(list => {
                // columns of a long table settle while its rows arrive
                const inTable = ({node}) => node?.parentElement?.closest("table")
                for (const entry of list.getEntries())
                    if (!entry.sources.length || !entry.sources.every(inTable)) sum += entry.value
            }).observe({type: "layout-shift", buffered: true})
            setTimeout(() => resolve(sum), 100)
        })"""
        )
        < 0.01
    ), "something shifts while the page loads"
    check_layout(page)
    if whole:
        check_rules(page, whole)

    # A third of the pages in each run, since all are alike in what it looks for, and axe
    # takes long (benchmarks/accessibility.py: all pages, in all looks).
    if whole or due(URLS.index(url), 3):
        look(page, DESKTOP, "dark")
        page.wait_for_selector("body[data-md-color-scheme=slate]")
        check_layout(page)
        check_rules(page, whole)

    assert not page.errors
    assert all(request.startswith((address, "data:")) for request in page.requests)

    if whole:
        before = set(page.requests)
        page.goto(address + (CHAPTER if url != CHAPTER else ""))
        assert transferred(site, address, set(page.requests) - before) <= 30


def look(page, size: dict[str, int], scheme: str) -> None:
    """Give the tab a size and a colour scheme."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")


def check_layout(page) -> None:
    """What is wider than the screen can be scrolled to."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    cut_off = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter(element => {
            const box = element.getBoundingClientRect()
            if (!box.width || box.right <= innerWidth + 1) return false
            if (element.closest("[data-columns] + figure svg *")) return false // one panel is seen
            for (let e = element.parentElement; e.tagName != "ARTICLE"; e = e.parentElement)
                if (["auto", "scroll"].includes(getComputedStyle(e).overflowX)) return false
            return true
        }).map(element => element.outerHTML.slice(0, 100))"""
    )
    assert not cut_off, cut_off[:3]
    # No text of a figure is smaller than 8 pixels.
    sizes = page.evaluate(
        """() => [...document.querySelectorAll("svg.plot text")].map(text => {
            const picture = text.ownerSVGElement
            const scale = picture.getBoundingClientRect().width / picture.viewBox.baseVal.width
            return [scale && parseFloat(getComputedStyle(text).fontSize) * scale, text.textContent]
        }).filter(([size]) => size)"""  # 0 in a folded block
    )
    assert sizes or not page.locator("svg.plot:visible").count()
    small = [text for size, text in sizes if size < 7.95]
    assert not small, small[:5]


def check_rules(page, whole: bool) -> None:
    """Axe finds no violation.

    What surrounds the article is the same on all pages, and so are colours and links, whose
    contrast takes most of axe's time. Code and formulas are thousands of elements of a few
    kinds: on other pages they are taken away before.
    """
    options = {"resultTypes": ["violations"]}
    if not whole:
        page.evaluate(
            "document.querySelectorAll('article pre, article math').forEach(e => e.remove())"
        )
        same = "color-contrast", "link-in-text-block"
        options["rules"] = {rule: {"enabled": False} for rule in same}
    article = None if whole else "article"
    violations = Axe().run(page, article, options).response["violations"]
    assert not violations, [(v["id"], v["nodes"][0]["target"]) for v in violations]


@pytest.fixture(scope="module")
def scriptless(browser):
    """A phone that runs no scripts."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("url", sorted(WHOLE | SCRIPTED))
def test_without_scripts(scriptless, address, url):
    """All of the content is there, visible, and can be left by its links."""
    scriptless.goto(address + url)
    assert scriptless.locator("article h1").is_visible()
    for block in scriptless.locator("article > .highlight, article > figure").all()[:5]:
        assert block.is_visible()
    formulas = scriptless.locator("math")
    assert formulas.count() == scriptless.locator("math:visible").count()
