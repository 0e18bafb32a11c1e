"""The built site in Chromium: search, schemes, small screens, keyboard, no scripts."""

import functools
from pathlib import Path
from urllib.parse import urlsplit

import brotli
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.test_site import PAGES, url_of
from tools.pages import ROOT

NOTEBOOKS = sorted((ROOT / "docs").rglob("*.py"))
URLS = [url_of(path) for path in PAGES + NOTEBOOKS]
PHONE, DESKTOP = {"width": 390, "height": 844}, {"width": 1280, "height": 800}
CHAPTER = "losses/regression/"

every_page = pytest.mark.parametrize("url", URLS)


@pytest.fixture
def open_page(browser, address):
    """Open a page of the site; closed after the test."""
    contexts = []

    def opener(url: str, **settings):
        context = browser.new_context(**({"viewport": DESKTOP} | settings))
        contexts.append(context)
        page = context.new_page()
        page.requests = []
        page.on("request", lambda request: page.requests.append(request.url))
        page.errors = []
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on(
            "console",
            lambda line: (
                page.errors.append(line.text) if line.type == "error" else None
            ),
        )
        page.goto(address + url)
        return page

    yield opener
    for context in contexts:
        context.close()


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


@every_page
def test_page(open_page, site, address, url):
    """On a phone, then on a desktop in the dark: right, light, steady, accessible."""
    page = open_page(url, viewport=PHONE, reduced_motion="reduce")
    page.wait_for_load_state("networkidle")  # what is fetched late counts, too
    assert page.get_attribute("body", "data-md-color-scheme") == "default"
    assert transferred(site, address, set(page.requests)) <= 95
    # All that a reader transfers who comes from another page.
    assert transferred(site, address, {address + url}) <= 30
    assert (
        page.evaluate(
            """() => new Promise(resolve => {
            let sum = 0
            new PerformanceObserver(list => {
                for (const entry of list.getEntries()) sum += entry.value
            }).observe({type: "layout-shift", buffered: true})
            setTimeout(() => resolve(sum), 100)
        })"""
        )
        < 0.01
    ), "something shifts while the page loads"
    check_layout_and_rules(page, url)

    page.set_viewport_size(DESKTOP)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    check_layout_and_rules(page, url)

    assert not page.errors
    assert all(request.startswith((address, "data:")) for request in page.requests)

    first = set(page.requests)
    page.goto(address + (CHAPTER if url != CHAPTER else ""))
    assert transferred(site, address, set(page.requests) - first) <= 30


def check_layout_and_rules(page, url: str) -> None:
    """What is wider than the screen can be scrolled to, and axe finds no violation."""
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    cut_off = page.evaluate(
        """() => [...document.querySelectorAll("article *")].filter(element => {
            const box = element.getBoundingClientRect()
            if (!box.width || box.right <= innerWidth + 1) return false
            for (let e = element.parentElement; e.tagName != "ARTICLE"; e = e.parentElement)
                if (["auto", "scroll"].includes(getComputedStyle(e).overflowX)) return false
            return true
        }).map(element => element.outerHTML.slice(0, 100))"""
    )
    assert not cut_off, cut_off[:3]
    # Code has the same few colours on all pages, and thousands of elements: it is
    # looked at where it is shown, raises, prints (chapter, home) or links (reference).
    whole = {CHAPTER, "", "reference/snippets/"}
    code = None if url in whole else {"exclude": [["pre"]]}
    violations = Axe().run(page, context=code).response["violations"]
    assert not violations, [(v["id"], v["nodes"][0]["target"]) for v in violations]


def search(page, query: str) -> list[str]:
    """Addresses of the results, best first."""
    # The key works once the theme's script has run.
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    page.fill(".md-search__input", "")
    page.keyboard.insert_text(query)
    before = page.evaluate("document.querySelector('.md-search-result').textContent")
    page.keyboard.press("End")  # the theme listens to keys
    page.wait_for_function(
        "before => document.querySelector('.md-search-result__item a') && "
        "document.querySelector('.md-search-result').textContent !== before",
        arg=before,
    )
    links = page.query_selector_all(".md-search-result__item a")
    return [urlsplit(link.get_attribute("href")).path for link in links]


QUERIES = {
    "nn.MSELoss": CHAPTER,
    "zero_grad": "start/loop/",
    "HuberLoss": CHAPTER,
    "reduction batchmean": "start/criterion/",
    "smoothl1loss": CHAPTER,
    "negative sampling": "start/likelihood/",
    "F.gaussian_nll_loss": CHAPTER,
    "contribute": "contribute/",
    "quantile loss": CHAPTER,
    "notation": "reference/notation/",
    # A message with another reader's numbers in it.
    "UserWarning: Using a target size (torch.Size([32])) that is different to the "
    "input size (torch.Size([32, 1])).": CHAPTER,
}


def test_search_finds_symbols_topics_and_messages(open_page):
    page = open_page("")
    found = {query: search(page, query)[0] for query in QUERIES}
    wrong = {q: url for q, url in found.items() if not url.endswith(QUERIES[q])}
    assert not wrong


def test_search_tries_again_when_its_index_did_not_load(open_page):
    page = open_page("")
    page.route("**/search/index.json", lambda route: route.abort())
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    with page.expect_event("requestfailed"):
        page.keyboard.type("hub")
    page.unroute("**/search/index.json")
    page.keyboard.type("er")
    page.wait_for_selector(".md-search-result__item a")


def test_search_by_keyboard_alone(open_page):
    page = open_page("")
    search(page, "HuberLoss")
    page.keyboard.press("ArrowDown")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert CHAPTER in page.url


def test_first_tab_skips_to_the_content(open_page):
    page = open_page(CHAPTER)
    page.keyboard.press("Tab")
    assert "md-skip" in page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    assert page.url.partition("#")[2]


def test_focus_is_visible(open_page):
    page = open_page("")
    for _ in range(12):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "(({outlineStyle, outlineWidth}) => [outlineStyle, outlineWidth])"
            "(getComputedStyle(document.activeElement))"
        )
        assert outline[0] != "none", page.evaluate("document.activeElement.outerHTML")


def test_figures_follow_the_scheme(open_page):
    colours = set()
    for scheme in ("light", "dark"):
        page = open_page(CHAPTER, color_scheme=scheme)
        colours.add(
            page.evaluate(
                "getComputedStyle(document.querySelector('svg.plot text')).fill"
            )
        )
    assert len(colours) == 2


def test_text_in_figures_is_large_enough_on_a_phone(open_page):
    page = open_page(CHAPTER, viewport=PHONE)
    heights = page.evaluate(
        "[...document.querySelectorAll('svg.plot text')]"
        ".map(text => text.getBoundingClientRect())"
        ".filter(box => box.width > 0 && box.width > box.height)"
        ".map(box => box.height)"
    )
    assert len(heights) > 20
    assert min(heights) >= 8


def test_copy_gives_code_that_runs(browser, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address + CHAPTER)
    page.locator(".highlight:has-text('def huber(') button").first.click()
    text = page.evaluate("navigator.clipboard.readText()")
    context.close()
    source = (ROOT / "snippets/losses/regression/huber.py").read_text("utf-8")
    assert text.strip() == source.strip()


@every_page
def test_without_scripts(browser, address, url):
    """All of the content is there, visible, and can be left by its links."""
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(address + url)
    assert page.locator("article h1").is_visible()
    for block in page.locator("article > .highlight, article > figure").all()[:5]:
        assert block.is_visible()
    assert page.locator("math").count() == page.locator("math:visible").count()
    context.close()


def test_details_open_by_keyboard(open_page):
    page = open_page(CHAPTER)
    details = page.locator("article details").first
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_reduced_motion_is_respected(open_page):
    page = open_page("", reduced_motion="reduce")
    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter(element => "
        "parseFloat(getComputedStyle(element).transitionDuration) > 0.01).length"
    )
    assert moving == 0
