"""The converter on the page on weight decay, in Chromium."""

import pytest

from snippets.training.weight_decay import dialects
from snippets.training.weight_decay.convert_weight_decay import convert_weight_decay
from tests.conftest import PHONE

PAGE = "training/weight_decay/"
VALUES = "[data-decay] tbody td:last-child"


def values(page) -> list[float]:
    return [float(text) for text in page.locator(VALUES).all_inner_texts()]


def fill(page, **fields: object) -> None:
    for name, value in fields.items():
        page.get_by_role("spinbutton", name=name.replace("_", " ")).fill(str(value))


def expected(value: float, row: int, lr: float, steps: int) -> list[float]:
    """The table, by the snippet."""
    targets = [dict(target) for target in dialects.ROWS.values()]
    for target in targets:
        if "target_lr" in target:
            target["target_lr"] = lr / 10
    source = targets[row]
    share = convert_weight_decay(
        value,
        source["target"],
        "schedule",
        lr=source.get("target_lr", lr),
        momentum=source.get("target_momentum", 0.0),
    )
    found = [convert_weight_decay(share, "schedule", **t, lr=lr) for t in targets]
    before, half = 1.0, 0
    while before > 0.5:
        before *= 1 - share
        half += 1
    return [*found, share, half, (1 - share) ** steps]


def test_the_fields_start_with_what_the_table_says(open_page):
    page = open_page(PAGE)
    before = values(page)
    page.get_by_role("spinbutton", name="Steps").dispatch_event("input")
    after = values(page)
    assert after == pytest.approx(before, rel=2e-3)
    assert not page.errors


def test_every_convention_is_converted(open_page):
    page = open_page(PAGE)
    fill(page, Peak_learning_rate=0.02, Weight_decay=0.05, Steps=300)
    for row in range(5):
        page.get_by_label("Written for").select_option(index=row)
        found = values(page)
        wanted = expected(0.05, row, 0.02, 300)
        assert found[:6] == pytest.approx(wanted[:6], rel=5e-3)
        assert found[6] == pytest.approx(wanted[6], abs=1 + 5e-3 * wanted[6])
        assert found[7] == pytest.approx(wanted[7], rel=5e-3, abs=1e-9)


def test_nonsense_gives_dashes(open_page):
    page = open_page(PAGE)
    for fields in (
        {"Peak_learning_rate": ""},
        {"Peak_learning_rate": 0.001, "Weight_decay": 5000},
    ):
        fill(page, **fields)
        assert set(page.locator(VALUES).all_inner_texts()) == {"–"}
    fill(page, Weight_decay=0.1)
    assert values(page)[0] == 0.1


def test_the_table_is_whole_without_scripts(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + PAGE)
    assert values(page)[:5] == [0.1, 0.0001, 1, 0.1, 0.01]
    assert page.get_by_text("For AdamW's 0.1 at a peak learning rate").is_visible()
    assert page.locator("[data-decay] input").count() == 0
    context.close()


def test_nothing_moves_when_the_fields_appear(browser, address):
    heights = []
    for scripts in (True, False):
        context = browser.new_context(java_script_enabled=scripts, viewport=PHONE)
        page = context.new_page()
        page.goto(address + PAGE)
        box = page.locator("[data-decay] > :first-child").bounding_box()
        heights.append(box["height"])
        for field in page.locator("[data-decay] input, [data-decay] select").all():
            assert field.bounding_box()["height"] >= 24
        context.close()
    assert heights[0] == pytest.approx(heights[1], abs=1)
