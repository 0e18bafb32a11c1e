"""A figure made small is the same picture, and follows the colour scheme."""

import io
import re
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import pyplot as plt

from tools import style, svg


def line():
    figure, axes = plt.subplots()
    error = np.linspace(-3, 3, 61)
    for power in range(6):
        axes.plot(error, abs(error) ** (power / 2))
    axes.set_title("A title <with> & without")
    axes.set_xlabel(r"error $e = y - x$")
    axes.set_ylabel("loss")
    axes.annotate(
        "here",
        xy=(1, 1),
        xytext=(-1, 6),
        color="C1",
        arrowprops={"arrowstyle": "->", "color": "C1"},
    )
    return figure


def marks():
    figure, (top, bottom) = plt.subplots(2, 1, figsize=(5.5, 6))
    steps = np.logspace(-3, 3, 13)
    top.loglog(steps, steps, "o", label="points", alpha=0.6)
    top.errorbar(steps, steps**2, yerr=steps, capsize=3, fmt="s", label="bars")
    top.fill_between(steps, steps / 3, steps * 3, color="C0", alpha=0.2)
    top.legend()
    bottom.bar(range(4), [1, 2, 3, 2], color=["C0", "C1", "C2", "C3"], hatch="//")
    bottom.scatter(range(4), [3, 2, 1, 1], s=40, marker="^")
    bottom.plot([0, 3], [0, 3], "k--", marker="x")
    bottom.plot([0, 3], [3, 0], lw=1, marker="o", mew=2, ms=9)
    bottom.text(0, 2.5, "black", color="black")
    bottom.axvspan(1, 2, color=plt.rcParams["grid.color"], alpha=0.5)
    return figure


def drawn(make):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "matplotlibrc")
        file.write_text(style.MATPLOTLIBRC)
        settings = matplotlib.rc_params_from_file(file)
    with plt.rc_context(settings):
        figure = make()
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return out.getvalue()


@pytest.fixture(scope="module", params=[line, marks], ids=["line", "marks"])
def original(request):
    return drawn(request.param)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("10.5", "10.5"),
        ("10.500", "10.5"),
        ("1.05", "1.05"),
        ("100", "100"),
        ("100.00", "100"),
        ("0.25", ".25"),
        ("-0.25", "-.25"),
        ("-0.001", "0"),
        ("1e-5", "0"),
        ("-7.999", "-8"),
        ("20.0", "20"),
    ],
)
def test_numbers(text, short):
    assert svg._number(text) == short


def absolute(data):
    """Points of a path with relative steps, by an independent reader."""
    points, x, y, start = [], 0.0, 0.0, (0.0, 0.0)
    for letter, rest in re.findall(r"([a-zA-Z])([^a-zA-Z]*)", data):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        size = {"M": 2, "l": 2, "q": 4, "c": 6, "z": 0}[letter]
        if letter == "z":
            assert not numbers
            (x, y) = start
            continue
        assert numbers and len(numbers) % size == 0
        for i in range(0, len(numbers), size):
            step = numbers[i : i + size]
            if letter == "M":
                x, y = start = step[0], step[1]
                points.append((x, y))
                continue
            pairs = list(zip(step[::2], step[1::2], strict=True))
            points.extend((x + dx, y + dy) for dx, dy in pairs)
            x, y = x + pairs[-1][0], y + pairs[-1][1]
    return points


place = st.floats(-2000, 2000, allow_nan=False).map(lambda v: round(v, 6))
pair = st.tuples(place, place)
segment = st.one_of(
    st.tuples(st.just("L"), st.tuples(pair)),
    st.tuples(st.just("M"), st.tuples(pair)),
    st.tuples(st.just("Q"), st.tuples(pair, pair)),
    st.tuples(st.just("C"), st.tuples(pair, pair, pair)),
    st.tuples(st.just("z"), st.just(())),
)


@given(pair, st.lists(segment, max_size=30))
def test_a_path_keeps_every_point(start, segments):
    segments = [("M", (start,)), *segments]
    text = "\n".join(
        f"{letter} " + " ".join(f"{x:f} {y:f}" for x, y in points)
        for letter, points in segments
    )
    wanted = [point for _, points in segments for point in points]
    short = svg._path(text)
    got = absolute(short)
    assert len(got) == len(wanted)
    if wanted:
        assert np.abs(np.array(got) - np.array(wanted)).max() <= 0.051


def test_a_mark_is_kept_finer():
    data = "M 0 3 C 0.795609 3 1.55874 2.683901 2.12132 2.12132"
    assert absolute(svg._path(data, 100))[1] == pytest.approx((0.8, 3), abs=0.005)
    path = f'<path id="m" d="{data}" style="stroke: #0b62ad"/>'
    html = svg.inline(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs>{path}</defs>'
        f'<use href="#m"/>{path.replace(chr(34) + "m", chr(34) + "n")}</svg>',
        "alt",
        "f",
    )
    assert re.findall(r'd="M0 3c([-.\d]+) ', html) == [".8", ".8"]
    fine, coarse = re.findall(r' d="([^"]*)"', html)
    assert len(fine) > len(coarse)


def test_a_path_is_short():
    assert svg._path("M 10.5 20 L 20.46 20 30 1.14 z") == "M10.5 20l10 0 9.5-18.9z"


def test_every_colour_is_named(original):
    html = svg.inline(original, "alt", "f")
    assert not re.search(r"#[0-9a-f]{6}|rgb", html)
    named = set(re.findall(r"var\(--plot-(\w+)\)", html))
    assert {"c0", "ink", "grid"} <= named <= set(style.LIGHT)


@pytest.mark.parametrize("colour", ["#ff0000", "gray", (0.1, 0.2, 0.3)])
def test_another_colour_is_refused_by_its_name(colour):
    def wrong():
        figure, axes = plt.subplots()
        axes.plot([0, 1], color=colour)
        return figure

    with pytest.raises(svg.PaletteError, match=matplotlib.colors.to_hex(colour)):
        svg.inline(drawn(wrong), "alt", "f")


def test_a_raster_image_is_refused():
    def wrong():
        figure, axes = plt.subplots()
        axes.imshow([[0, 1]])
        return figure

    with pytest.raises(svg.PaletteError, match="raster"):
        svg.standalone(drawn(wrong))


def test_it_has_a_name_and_no_size(original):
    alt = 'The "squared" error <grows> & grows'
    root = ET.fromstring(svg.inline(original, alt, "f"))
    assert root.get("role") == "img" and root.get("aria-label") == alt
    assert root.get("class") == "plot" and root.get("viewBox").startswith("0 0 396 ")
    assert "width" not in root.attrib and "height" not in root.attrib
    with pytest.raises(ValueError, match="alternative text"):
        svg.inline(original, " ", "f")


def test_a_picture_keeps_its_place_until_it_is_drawn(original):
    root = ET.fromstring(svg.inline(original, "alt", "f"))
    width, height = root.get("viewBox").split()[2:]
    size = round(1.62 * float(width))
    assert root.get("style") == f"aspect-ratio:{width}/{height};max-width:{size}px"


def test_ids_are_used_and_its_own(original):
    html = svg.inline(original, "alt", "page-1")
    ids = re.findall(r'\bid="([^"]+)"', html)
    used = set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', html))
    assert len(set(ids)) == len(ids) > 0
    assert set(ids) == {first or second for first, second in used}
    assert all(name.startswith("page-1-") for name in ids)


def test_text_stays_text_in_the_font_of_the_page():
    html = svg.inline(drawn(line), "alt", "f")
    assert ">A title &lt;with&gt; &amp; without</text>" in html
    assert "font-family" not in html.replace('font-family="DejaVu Sans,Verdana', "")


def test_it_is_small_and_the_same_every_time(original):
    html = svg.inline(original, "alt", "f")
    assert len(html) < 0.45 * len(original)
    assert svg.inline(original, "alt", "f") == html


def test_a_shape_used_elsewhere_keeps_what_it_says():
    html = svg.inline(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><defs>'
        '<path id="m" d="M 0 0 L 1 1" style="stroke: #0b62ad; stroke-width: 1"/></defs>'
        '<use href="#m" style="stroke: #b8430a; stroke-width: 5; fill: none"/></svg>',
        "alt",
        "f",
    )
    assert '<path d="M0 0l1 1" stroke="var(--plot-c0)" stroke-width="1" id=' in html
    assert '<use href="#f-0" fill="none"/>' in html
    # In place of matplotlib's style sheet, which would apply to the whole page.
    assert "<style" not in html and 'stroke-linejoin="round"' in html


def test_the_file_carries_both_palettes(original):
    text = svg.standalone(original)
    root = ET.fromstring(text)
    sheet = root.find("{http://www.w3.org/2000/svg}style").text
    assert "prefers-color-scheme:dark" in sheet
    for key, colour in style.LIGHT.items():
        assert f'[stroke="{colour}"]{{stroke:{style.DARK[key]}}}' in sheet
    assert "var(" not in text


def picture(browser, body, dark=False):
    from PIL import Image

    page = browser.new_page(
        viewport={"width": 640, "height": 720},
        color_scheme="dark" if dark else "light",
    )
    palette = style.DARK if dark else style.LIGHT
    variables = "".join(f"--plot-{key}:{value};" for key, value in palette.items())
    # One font for all: the page's own is wanted, but not compared here.
    page.set_content(
        f"<style>:root{{{variables}}}body{{margin:0}}svg{{width:640px;height:auto}}"
        "svg *{font-family:'DejaVu Sans'!important}</style>" + body
    )
    shot = page.screenshot()
    page.close()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), dtype=float)


def test_it_is_the_same_picture(browser, original):
    plain = original[original.index("<svg") :]
    reference = picture(browser, plain)
    assert reference.std() > 10, "nothing was drawn"
    for made in (svg.inline(original, "alt", "f"), svg.standalone(original)):
        difference = abs(picture(browser, made) - reference)
        assert difference.mean() < 1
        assert (difference > 96).mean() < 5e-4


def test_its_dark_form_is_the_same_inline_and_as_a_file(browser, original):
    inline = picture(browser, svg.inline(original, "alt", "f"), dark=True)
    file = picture(browser, svg.standalone(original), dark=True)
    assert abs(inline - file).mean() < 0.1
    light = picture(browser, svg.inline(original, "alt", "f"))
    assert abs(inline - light).mean() > 1


def test_what_belongs_to_a_step_says_so():
    def stepped():
        figure, axes = plt.subplots()
        for value in (0.5, 2):
            axes.plot([0, 1], [0, value], "o-", gid=f"step {value:g}")
            axes.text(1, value, f"at {value:g}", gid=f"step {value:g}")
        axes.plot([0, 1], [1, 1], gid="a step")
        return figure

    root = ET.fromstring(svg.inline(drawn(stepped), "alt", "f"))
    parts = {step: root.findall(f".//g[@data-step='{step}']") for step in ("0.5", "2")}
    for step, (line, text) in parts.items():
        assert line.find(".//path") is not None and line.find(".//use") is not None
        assert "".join(text.itertext()) == f"at {step}"
    assert len(root.findall(".//*[@data-step]")) == 4
