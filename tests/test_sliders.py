"""The sliders above figures: by keyboard, on a phone, and without scripts."""

import re

import pytest

from tests.conftest import PHONE
from tests.test_site import url_of
from tools.pages import ROOT

_SLIDER = re.compile(r'<div data-stepper="([^"]*)" data-start="([^"]*)"(.*)></div>')
_SHOWN = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)  # on the page on figures
FOUND = {
    url_of(path): _SLIDER.findall(_SHOWN.sub("", path.read_text("utf-8")))
    for path in sorted((ROOT / "docs").rglob("*.md"))
}
SLIDERS = {url: sliders[0] for url, sliders in FOUND.items() if sliders}
CURVES = {url: s for url, s in SLIDERS.items() if "data-columns" not in s[2]}
FIGURE = "[data-stepper] + figure svg.plot"


@pytest.fixture(scope="module")
def phones(browser):
    """Two phones, of which the second runs no scripts."""
    contexts = [
        browser.new_context(java_script_enabled=scripts, viewport=PHONE)
        for scripts in (True, False)
    ]
    yield [context.new_page() for context in contexts]
    for context in contexts:
        context.close()


def shown(page) -> dict[str, set[float]]:
    """How opaque the parts of each step are drawn."""
    pairs = page.eval_on_selector_all(
        f"{FIGURE} [data-step]",
        "parts => parts.map(e => [e.dataset.step, +getComputedStyle(e).opacity])",
    )
    found = {step: set() for step, _ in pairs}
    for step, opacity in pairs:
        found[step].add(opacity)
    return found


def test_there_are_these():
    assert all(len(sliders) <= 1 for sliders in FOUND.values())
    parameters = {"losses/regression/", "losses/imbalance/", "losses/calibration/"}
    parameters |= {"losses/distributions/", "optimizers/sgd/", "training/momentum/"}
    assert set(CURVES) >= parameters | {"training/warmup/"}


@pytest.mark.parametrize("url", CURVES)
def test_keys_choose_the_step_that_stands_out(phones, address, url):
    page, (steps, start, _) = phones[0], CURVES[url]
    page.goto(address + url)
    output = page.locator("[data-stepper] output")
    slider = page.locator("[data-stepper] input")
    assert output.text_content() == start
    slider.focus()
    page.keyboard.press("Home")
    said = []
    for step in steps.split():
        assert output.text_content() == step
        said.append(slider.get_attribute("aria-valuetext"))
        assert step in re.split("[ :,±]+", said[-1])
        texts = page.locator(f'{FIGURE} [data-step="{step}"] text').all_text_contents()
        assert all(text in said[-1] for text in texts)
        opacities = shown(page)
        assert opacities.pop(step) == {1}
        assert set().union(*opacities.values()) == {0.25}
        assert len(opacities) == len(steps.split()) - 1
        page.keyboard.press("ArrowRight")
    assert len(set(said)) == len(said)
    assert output.text_content() == step  # the last one stays
    page.emulate_media(media="print")
    assert set().union(*shown(page).values()) == {1}
    page.emulate_media(media="screen")

    # It fits the phone, and stands close to its figure.
    assert page.locator("[data-stepper] label").inner_text().strip()
    box = slider.bounding_box()
    assert box["height"] >= 24 and box["x"] >= 0
    output = page.locator("[data-stepper] output").bounding_box()
    assert output["x"] + output["width"] <= PHONE["width"]
    below = page.locator(FIGURE).bounding_box()["y"]
    assert 0 <= below - (box["y"] + box["height"]) < 24


@pytest.mark.parametrize("url", CURVES)
def test_without_scripts_all_steps_are_seen_with_their_names(phones, address, url):
    page, (steps, _, _) = phones[1], CURVES[url]
    page.goto(address + url)
    assert page.locator("[data-stepper] input").count() == 0
    opacities = shown(page)
    assert list(opacities) == steps.split()
    assert set().union(*opacities.values()) == {1}
    for step in opacities:
        text = page.locator(f'{FIGURE} [data-step="{step}"] text').first
        assert text.is_visible() and step in text.text_content()
