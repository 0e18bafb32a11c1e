"""What helps readers in Chromium: copying, enlarged figures, terms explained."""

import pytest

from tests.conftest import PHONE
from tools.pages import ROOT, read

CHAPTER = "losses/regression/"
# Between them every kind of block: .raises, .notest, output, included files, console.
PAGES = ("losses/regression", "training/distributed", "training/checkpoint")


def typed(fence) -> str:
    """What a reader of the block types or pastes elsewhere."""
    lines = fence.source.splitlines()
    if fence.language == "console":
        lines = [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]
    return "\n".join(lines).strip()


@pytest.mark.parametrize("name", PAGES)
def test_each_block_is_copied_as_it_runs(open_page, name):
    page = open_page(f"{name}/")
    page.wait_for_selector(".md-code__nav button", state="attached")
    page.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.open = true })"
    )
    # What the event carries is what the clipboard gets; reading it back would be a race.
    copied = page.evaluate(
        """() => {
            const texts = []
            addEventListener("copy", ({ target }) => { texts[texts.length - 1] = target.value })
            for (const block of document.querySelectorAll("article .highlight")) {
                texts.push(null)
                const button = block.querySelector(".md-code__nav button")
                if (button?.checkVisibility()) button.click()
            }
            return texts
        }"""
    )
    fences = read(ROOT / f"docs/{name}.md")
    assert len(fences) == len(copied)
    for fence, text in zip(fences, copied, strict=True):
        # What a block prints is nothing to run, and has no button.
        expected = None if fence.marker == "output" else typed(fence)
        assert (text and text.strip()) == expected, fence.where()


def test_a_figure_is_enlarged_by_keyboard_and_goes_back(open_page):
    page = open_page(CHAPTER)
    button = page.get_by_role("button", name="Enlarge the figure").first
    figure = page.locator("figure.plot").first
    button.focus()
    before = figure.bounding_box()
    width = figure.locator("svg").bounding_box()["width"]
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Enlarged figure")
    assert dialog.locator("svg").bounding_box()["width"] > 1.3 * width
    assert page.evaluate("document.activeElement.textContent") == "Close"
    assert figure.bounding_box() == before  # nothing moves below
    ids = page.evaluate("[...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    page.keyboard.press("n")  # a key of the theme: it would turn the page
    page.keyboard.press("Escape")
    assert page.locator("dialog").count() == 0
    assert button.evaluate("button => button === document.activeElement")
    assert page.url.endswith(CHAPTER)
    assert figure.locator("svg").bounding_box()["width"] == width
    assert figure.bounding_box() == before


def test_an_enlarged_figure_scrolls_on_a_phone(open_page):
    page = open_page(CHAPTER, viewport=PHONE, has_touch=True)
    page.get_by_role("button", name="Enlarge the figure").first.tap()
    box = page.locator(".enlarged > div")
    assert box.evaluate("box => box.scrollWidth > 2 * box.clientWidth")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('.enlarged > div').scrollLeft > 0")
    page.get_by_role("button", name="Close").tap()
    assert page.locator(".enlarged").count() == 0
    # Turned on its side, the phone shows all of it.
    page.set_viewport_size({"width": PHONE["height"], "height": PHONE["width"]})
    page.get_by_role("button", name="Enlarge the figure").first.tap()
    assert box.evaluate(
        "box => box.scrollWidth <= box.clientWidth && box.scrollHeight <= box.clientHeight"
    )


def test_a_figure_without_scripts_is_whole(open_page):
    page = open_page(CHAPTER, java_script_enabled=False)
    assert page.locator("figure.plot > svg").first.is_visible()
    assert page.locator("figure.plot button").count() == 0


def test_a_term_is_explained_on_hover_and_on_focus(open_page):
    page = open_page(CHAPTER)
    term = page.locator("a.term").first
    definition = term.get_attribute("title")
    page.wait_for_function("document.querySelector('.enlarge')")
    tip = page.locator(".md-tooltip2--active")
    term.hover()
    tip.wait_for()
    assert tip.inner_text() == definition
    page.mouse.move(0, 0)
    tip.wait_for(state="detached")
    term.focus()
    tip.wait_for()
    assert tip.inner_text() == definition
    assert (
        term.evaluate(
            "a => document.getElementById(a.getAttribute('aria-describedby')).textContent"
        )
        == definition
    )
    page.keyboard.press("Escape")
    tip.wait_for(state="detached")


def test_a_term_leads_to_its_entry(open_page):
    page = open_page(CHAPTER, viewport=PHONE, has_touch=True)
    term = page.locator("a.term").first
    anchor = term.get_attribute("href").partition("#")[2]
    with page.expect_navigation():
        term.tap()
    assert page.url.endswith(f"reference/glossary/#{anchor}")
    entry = page.locator(f"dt#{anchor}")
    assert entry.evaluate(
        "dt => { const { top } = dt.getBoundingClientRect(); return 48 <= top && top < innerHeight }"
    )


def test_what_is_above_a_file_is_one_line_on_a_phone(open_page):
    page = open_page(CHAPTER, viewport={"width": 360, "height": 740})
    page.evaluate(
        "document.querySelectorAll('details').forEach(d => { d.open = true })"
    )
    lines = page.evaluate(
        """[...document.querySelectorAll(".filename")].map(line => [
            line.clientHeight, line.scrollWidth - line.clientWidth,
            line.firstChild.clientWidth])"""
    )
    for height, beyond, name in lines:
        assert height <= 32 and beyond <= 0 and name >= 50, lines


def test_contents_stay_in_view_and_follow(open_page):
    page = open_page(CHAPTER)
    for anchor in ("huber", "half-precision"):
        page.goto(page.url.partition("#")[0] + f"#{anchor}")
        link = page.locator(
            f".md-sidebar--secondary .md-nav__link--active[href='#{anchor}']"
        )
        link.wait_for()
        top = link.bounding_box()["y"]
        assert 0 < top < page.viewport_size["height"]
