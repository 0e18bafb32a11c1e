"""The stepper above the paths in the valley."""

from tests.conftest import PHONE

PAGE = "optimizers/trajectories/"
RATES = "0.001", "0.003", "0.01", "0.03", "0.1", "0.3", "1", "3"
FIGURE = "[data-stepper] + figure svg.plot"


def boxes(page) -> list[float]:
    view = page.get_attribute(FIGURE, "viewBox")
    return [float(number) for number in view.split()]


def test_keys_step_through_the_rates(open_page):
    page = open_page(PAGE)
    slider = page.get_by_role("slider", name="Learning rate")
    output = page.locator("[data-stepper] output")
    assert output.text_content() == "0.1"
    seen = {}
    slider.focus()
    page.keyboard.press("Home")
    for rate in RATES:
        assert output.text_content() == rate
        assert slider.get_attribute("aria-valuetext") == rate
        seen[rate] = boxes(page)
        title = page.get_by_text(f"learning rate {rate}", exact=True).bounding_box()
        figure = page.locator(FIGURE).bounding_box()
        assert figure["x"] <= title["x"] < figure["x"] + figure["width"] / 2
        assert figure["y"] <= title["y"] < figure["y"] + figure["height"] / 5
        page.keyboard.press("ArrowRight")
    assert output.text_content() == "3"  # the last one stays
    assert len({tuple(box[:2]) for box in seen.values()}) == 8
    assert len({tuple(box[2:]) for box in seen.values()}) == 1
    assert not page.errors


def test_fits_a_phone(open_page):
    page = open_page(PAGE, viewport=PHONE)
    place = page.locator("[data-stepper]").bounding_box()
    assert place["x"] >= 0 and place["x"] + place["width"] <= PHONE["width"]
    assert not page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_without_scripts_all_panels_are_there(open_page):
    page = open_page(PAGE, java_script_enabled=False)
    assert page.locator("[data-stepper] input").count() == 0
    _, _, width, height = boxes(page)
    assert height > 1.5 * width
    panels = page.locator(FIGURE).get_by_text("learning rate")
    assert panels.count() == 8
