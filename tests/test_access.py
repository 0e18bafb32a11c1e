"""Each kind of page by keyboard, magnified, in forced colours, without motion, on paper."""

import pytest

from tests.conftest import due

KINDS = [
    "",
    "choose/loss/",
    "losses/contracts/",
    "optimizers/trajectories/",
    "troubleshoot/",
    "training/weight_decay/",
    "evidence/contamination/",
]
every_kind = pytest.mark.parametrize("url", KINDS)

# What Tab reaches, looked at when Tab is pressed again: by then the page has scrolled to it.
# Of a group of radio buttons Tab reaches one, whose label shows the focus.
WATCH = """() => {
    const all = "a[href], button:not(.md-top), input, select, summary, textarea, [tabindex='0']"
    window.wanted = () => [...document.querySelectorAll(all)].filter(e =>
        e.tabIndex >= 0 && e.checkVisibility({visibilityProperty: true}) && !e.matches("[type=radio]"))
    window.seen = new Map()
    window.rounds = 0
    addEventListener("keydown", event => {
        const element = document.activeElement
        if (event.key !== "Tab") return
        if (element === document.body) { rounds++; return }
        const mark = element.matches("[type=radio]") ? element.labels[0] : element
        const style = getComputedStyle(mark), box = mark.getClientRects()[0]
        const front = document.elementFromPoint(
            Math.min(innerWidth - 1, box.left + Math.min(box.width / 2, 20)),
            Math.max(box.top + Math.min(box.height / 2, 12), innerHeight < box.height ? 100 : 0))
        const wrong = []
        if (style.outlineStyle === "none" || style.opacity < 0.5) wrong.push("focus is not visible")
        if (front && !mark.contains(front) && !front.contains(mark) && !front.closest(".md-tooltip, .md-tooltip2"))
            wrong.push("covered by " + front.className)
        if (!front) wrong.push("off the screen")
        seen.set(element, wrong)
    }, true)
}"""
RESULT = """() => [...seen].filter(([, wrong]) => wrong.length)
    .map(([element, wrong]) => [element.outerHTML.slice(0, 120), ...wrong])
    .concat(wanted().filter(e => !seen.has(e)).map(e => [e.outerHTML.slice(0, 120), "not reached"]))"""


# Half of the kinds in each run: the walk takes long.
@pytest.mark.parametrize("url", [u for i, u in enumerate(KINDS) if due(i, 2)])
def test_tab_reaches_everything_in_view_with_its_focus_seen(open_page, url):
    page = open_page(url, reduced_motion="reduce")
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.evaluate(WATCH)
    presses, most = 0, 2 * page.evaluate("wanted().length") + 20
    while page.evaluate("rounds") < 2:  # before the first stop, and after the last
        assert presses < most, "the focus is trapped"
        for _ in range(20):
            page.keyboard.press("Tab")
        presses += 20
    assert not page.evaluate(RESULT)


def test_focus_comes_out_from_under_the_header(open_page):
    page = open_page("", reduced_motion="reduce")
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.evaluate(WATCH)
    page.locator("article a").last.focus()  # the page has scrolled when Tab begins anew
    for _ in range(40):
        page.keyboard.press("Tab")
    assert page.evaluate("rounds") >= 1
    wrong = "[...seen].filter(([, wrong]) => wrong.length).map(([e, wrong]) => [e.outerHTML.slice(0, 120), ...wrong])"
    assert not page.evaluate(wrong)


def test_escape_closes_the_search(open_page):
    page = open_page("")
    page.wait_for_function("document.documentElement.classList.contains('js')")
    page.keyboard.press("/")
    page.wait_for_function("document.activeElement.matches('.md-search__input')")
    assert page.locator("#__search").is_checked()
    page.keyboard.press("Escape")
    assert not page.locator("#__search").is_checked()
    assert not page.evaluate("document.activeElement.matches('.md-search__input')")


@every_kind
def test_no_motion_for_those_who_want_none(open_page, url):
    page = open_page(url, reduced_motion="reduce")
    moving = page.evaluate(
        """[...document.querySelectorAll("*")].filter(element => {
            const style = getComputedStyle(element)
            return parseFloat(style.transitionDuration) > 0.01 || style.animationName !== "none"
        }).length"""
    )
    assert moving == 0


@every_kind
def test_fields_and_folds_are_large_enough_to_hit(open_page, url):
    page = open_page(url)
    small = page.evaluate(
        """[...document.querySelectorAll(
            "article :is(input, select, textarea, summary):not(.tabbed-set > input)")]
        .map(element => [element, element.getBoundingClientRect()])
        .filter(([, box]) => box.width && (box.width < 24 || box.height < 24))
        .map(([element]) => element.outerHTML.slice(0, 100))"""
    )
    assert not small


@every_kind
def test_magnified_four_times_only_tables_code_and_figures_scroll(open_page, url):
    page = open_page(url, viewport={"width": 320, "height": 200})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    cut_off = page.evaluate(
        """[...document.querySelectorAll("article :is(h1, h2, h3, p, li, summary, label, input)")]
        .filter(e => !e.closest(".md-typeset__scrollwrap") && e.getBoundingClientRect().right > 321)
        .map(e => e.outerHTML.slice(0, 100))"""
    )
    assert not cut_off


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_forced_colours_keep_marks_and_focus(open_page, scheme):
    page = open_page("choose/loss/", forced_colors="active", color_scheme=scheme)
    page.locator(".chooser summary").first.focus()
    page.keyboard.press("Enter")
    seen = page.evaluate(
        """() => {
            const summary = document.activeElement
            const arrow = getComputedStyle(summary, "::after").backgroundColor
            return [getComputedStyle(summary).outlineStyle, arrow, getComputedStyle(document.body).backgroundColor]
        }"""
    )
    outline, arrow, paper = seen
    assert outline == "solid"
    assert arrow != paper


@pytest.mark.parametrize("url", ["choose/loss/", "optimizers/trajectories/"])
def test_a_dark_page_prints_whole_on_white(open_page, url):
    page = open_page(url, color_scheme="dark", viewport={"width": 720, "height": 1000})
    page.wait_for_selector("body[data-md-color-scheme=slate]")
    page.emulate_media(media="print", color_scheme="dark")
    ink = """selector => [...document.querySelectorAll(selector)].map(element => {
        const style = getComputedStyle(element)
        return Math.max(...(element.matches("svg *") ? style.fill : style.color).match(/\\d+/g))
    })"""
    for selector in ("article p", "article pre", "svg.plot text"):
        assert all(light < 200 for light in page.evaluate(ink, selector)), selector
    for chrome in (".md-header", ".md-sidebar", ".md-code__nav", "[data-stepper]"):
        assert not page.locator(f"{chrome}:visible").count(), chrome
    wide = page.evaluate(
        "[...document.querySelectorAll('article pre > code')]"
        ".filter(code => code.scrollWidth > code.clientWidth + 1).length"
    )
    assert wide == 0
    folded = page.locator("article details:not([open]) > :not(summary)")
    assert all(part.is_visible() for part in folded.all()[:5])


@pytest.mark.parametrize("url", ["losses/regression/", "optimizers/trajectories/"])
def test_what_waits_off_the_screen_keeps_its_place(open_page, url):
    page = open_page(url)
    heights = """[...document.querySelectorAll("article svg.plot")]
        .map(element => element.getBoundingClientRect().height)"""
    assert "auto" in page.evaluate(
        "[...document.querySelectorAll('article svg.plot')]"
        ".map(figure => getComputedStyle(figure).contentVisibility)"
    )
    waiting = page.evaluate(heights)
    page.add_style_tag(content="* { content-visibility: visible !important }")
    drawn = page.evaluate(heights)
    assert len(waiting) > 3
    assert waiting == pytest.approx(drawn, abs=1)
