"""What readers do on the built site, in Chromium: search, copy, fold, walk by keyboard."""

from urllib.parse import urlsplit

from tools.pages import ROOT

CHAPTER = "losses/regression/"


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
    links = page.evaluate(
        "[...document.querySelectorAll('.md-search-result__item a')].map(a => a.href)"
    )
    return [urlsplit(link).path for link in links]


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


def test_copy_gives_code_that_runs(browser, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address + CHAPTER)
    page.locator(".highlight:has-text('def huber(') button").first.click()
    text = page.evaluate("navigator.clipboard.readText()")
    context.close()
    source = (ROOT / "snippets/losses/regression/huber.py").read_text("utf-8")
    assert text.strip() == source.strip()


def test_details_open_by_keyboard(open_page):
    page = open_page(CHAPTER)
    details = page.locator("article details").first
    details.locator("summary").focus()
    page.keyboard.press("Enter")
    assert details.get_attribute("open") is not None


def test_chooser_by_keyboard_and_by_address(open_page):
    page = open_page("choose/loss/")
    page.locator("#number > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("location.hash == '#mean'")
    assert page.locator("#mean").get_by_text("it estimates the mean").is_visible()

    # One answer a question stays open.
    page.locator("#one-class > summary").click()
    page.wait_for_function("location.hash == '#one-class'")
    assert not page.locator("#number > details").first.is_visible()

    # The address of an answer opens it, with all above it.
    shared = open_page("choose/loss/#rare-easy")
    assert shared.locator("#rare-easy pre").is_visible()
    assert shared.locator("#rare-easy").evaluate(
        "answer => { const {top} = answer.getBoundingClientRect(); return top >= 0 && top < innerHeight }"
    )
    shared.keyboard.press("Tab")
    assert shared.evaluate("!!document.activeElement.closest('#rare-easy')")


def test_chooser_without_scripts_is_a_nested_list(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + "choose/loss/")
    page.locator("#number > summary").click()
    page.locator("#median > summary").click()
    assert page.locator("#median pre").is_visible()
    context.close()


def test_tables_can_be_filtered(open_page):
    page = open_page("losses/contracts/")
    # The message of a reader with other numbers.
    page.get_by_label("Filter the tables").fill("target 7 is out of bounds")
    rows = page.locator("tbody tr:visible")
    assert 2 <= rows.count() <= 12
    assert page.locator("#crossentropyloss").is_visible()
    assert not page.locator("#mseloss").is_visible()
    assert f"{rows.count()} rows" in page.locator("[data-filter] output").inner_text()
    page.get_by_label("Filter the tables").fill("")
    assert page.locator("#mseloss").is_visible()
