"""Figures: matplotlib's SVG made small, with its colours named instead of fixed.

matplotlib draws in the light palette of `tools.style`. Here every colour becomes its
name there, so one picture serves both colour schemes: inline through CSS variables
(`var(--plot-c0)`), as a file of its own through a style sheet inside it.
"""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from html import escape

from tools.style import DARK, LIGHT

_KEYS = {colour: key for key, colour in LIGHT.items()} | {"#000000": "ink"}
_PAINTS = {"fill", "stroke", "color", "stop-color", "flood-color"}

# What holds where nothing is said; only what differs is written.
_INITIAL = {
    "stroke": "none",
    "stroke-width": "1",
    "stroke-linecap": "butt",
    "stroke-linejoin": "round",  # on the root, as in matplotlib's own style sheet
    "stroke-dasharray": "none",
    "stroke-dashoffset": "0",
    "stroke-opacity": "1",
    "fill-opacity": "1",
    "font-weight": "400",
    "font-style": "normal",
    "text-anchor": "start",
}
_NUMERIC = {"x", "y", "width", "height", "r", "cx", "cy", "points", "viewBox"}
_NUMERIC |= {"x1", "x2", "y1", "y2", "rx", "ry", "dx", "dy"}
_NUMERIC |= {"font-size", "stroke-width", "stroke-dasharray", "stroke-dashoffset"}
_NUMERIC |= {"opacity", "fill-opacity", "stroke-opacity"}

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_PATH = re.compile(rf"([a-zA-Z])|({_NUMBER.pattern})")

# What belongs to one position of the slider above a figure is drawn with the name of
# that position: `ax.plot(error, loss, gid="step 0.5")`.
STEP = "step "

# Verdana has the widths of DejaVu Sans, by which matplotlib placed every letter of a
# formula. All other text takes the font of the page.
_MATH_FONT = "DejaVu Sans,Verdana,sans-serif"


class PaletteError(ValueError):
    """A colour that is not in the palette, so that no dark twin of it is known."""


def inline(svg: str, alt: str, ident: str) -> str:
    """The picture as an `<svg>` element that stands in a page.

    Args:
        svg: What matplotlib wrote, with `svg.fonttype: none`.
        alt: What is seen, for readers who do not see it.
        ident: Prefix of the ids inside, different for each figure of a page.

    Raises:
        PaletteError: A colour is not in `tools.style.LIGHT`.
        ValueError: `alt` is empty.
    """
    if not alt.strip():
        raise ValueError(f"figure {ident} has no alternative text")
    root = _shrink(svg, ident, lambda key: f"var(--plot-{key})")
    width, height = root.attrib["viewBox"].split()[2:]
    attributes = {
        "class": "plot",
        # A figure far from the screen is drawn when it comes near (docs/assets/style.css):
        # until then its place is kept, so that nothing shifts. One size of text in all
        # figures: a narrower figure is not blown up.
        "style": f"aspect-ratio:{width}/{height};max-width:{round(1.62 * float(width))}px",
        "role": "img",
        "aria-label": alt,
        "data-search-exclude": "true",  # tick labels are no search results
    }
    root.attrib = attributes | root.attrib
    return _write(root)


def standalone(svg: str) -> str:
    """The picture as a file that follows the colour scheme of who opens it.

    Raises:
        PaletteError: A colour is not in `tools.style.LIGHT`.
    """
    root = _shrink(svg, "p", lambda key: LIGHT[key])
    rules = "".join(
        f'[{paint}="{LIGHT[key]}"]{{{paint}:{DARK[key]}}}'
        for key in LIGHT
        for paint in ("fill", "stroke")
    )
    style = ET.Element("style")
    style.text = f"@media(prefers-color-scheme:dark){{{rules}}}"
    root.insert(0, style)
    root.attrib = {
        "xmlns": "http://www.w3.org/2000/svg",
        "font-family": "system-ui,sans-serif",
        "style": "color-scheme:light dark",
    } | root.attrib
    return _write(root) + "\n"


def _shrink(svg: str, ident: str, paint: Callable[[str], str]) -> ET.Element:
    source = ET.fromstring(svg)
    names: dict[str, str] = {}
    for element in source.iter():
        for name in _referenced(element):
            names.setdefault(name, f"{ident}-{len(names)}")
    defined = {
        element.get("id"): _style(element)
        for element in source.iter()
        if element.get("id") in names
    }
    root = ET.Element("svg")
    for child in source:
        root.extend(_element(child, names, defined, paint))
    sizes = Counter(child.get("font-size") for child in root.iter("text"))
    root.attrib = {
        "viewBox": _round(source.attrib["viewBox"]),
        "stroke-linejoin": "round",
        # matplotlib leaves black out: what names no colour is ink.
        "fill": paint("ink"),
        "font-size": max(sizes, key=sizes.get, default=None) or "9",
    }
    for child in root:
        _inherit(child, _INITIAL | root.attrib)
    return root


def _inherit(element: ET.Element, inherited: dict[str, str]) -> None:
    """Remove what `element` says and has from above anyway."""
    if element.tag in {"defs", "pattern", "clipPath"} or "id" in element.attrib:
        return  # used elsewhere, under other parents
    for name in ("fill", "font-size", "font-family", *_INITIAL):
        if element.get(name, "") == inherited.get(name):
            del element.attrib[name]
    for child in element:
        _inherit(child, inherited | element.attrib)


def _element(
    source: ET.Element,
    names: dict[str, str],
    defined: dict[str | None, dict[str, str]],
    paint: Callable[[str], str],
) -> list[ET.Element]:
    """`source` made small: one element, none, or those that it only wrapped."""
    tag = source.tag.rpartition("}")[2] if isinstance(source.tag, str) else "comment"
    if tag in {"metadata", "comment", "style", "title", "desc"}:
        return []
    if tag == "image":
        raise PaletteError(
            "a raster image (imshow, pcolormesh with rasterized=True) cannot follow "
            "the colour scheme; draw it with lines, bars or contours"
        )

    attributes = {
        name.rpartition("}")[2]: value
        for name, value in source.attrib.items()
        if name not in {"style", "id", "version", "type"}
    }
    style = _style(source)
    if tag == "use":
        # What the used shape says itself wins over what is said here.
        target = attributes["href"].removeprefix("#")
        style = {k: v for k, v in style.items() if k not in defined.get(target, {})}
    if tag in {"path", "rect", "circle"} and not source.get("id") and _unseen(style):
        return []
    style.pop("font-family", None)
    if tag == "text" and len(source):
        style["font-family"] = _MATH_FONT
    attributes |= style

    made = ET.Element(tag)
    for name, value in attributes.items():
        if name in _PAINTS and not (value == "none" or value.startswith("url(")):
            value = paint(_key(value))
        elif name == "d":
            # Marks are small, and a tenth would make their circles angular.
            value = _path(value, 100 if source.get("id") in names else 10)
        elif name == "transform":
            value = _transform(value)
        elif name in _NUMERIC:
            value = _round(value)
        value = _REFERENCE.sub(lambda match: f"url(#{names[match[1]]})", value)
        if name == "href":
            value = f"#{names[value[1:]]}"
        if value:
            made.set(name, value)
    if source.get("id") in names:
        made.set("id", names[source.get("id")])
    if source.get("id", "").startswith(STEP):
        made.set("data-step", source.get("id").removeprefix(STEP))

    for child in source:
        made.extend(_element(child, names, defined, paint))
    if tag == "text":
        _join_letters(made)
    if source.text and source.text.strip():
        made.text = source.text
    if tag in {"g", "defs"} and not len(made):
        return []
    if tag == "g" and not made.attrib:
        return list(made)
    return [made]


def _style(element: ET.Element) -> dict[str, str]:
    parts = (part.split(":", 1) for part in element.get("style", "").split(";"))
    return {
        part[0].strip(): part[1].strip().removesuffix("px")
        for part in parts
        if len(part) == 2
    }


def _unseen(style: dict[str, str]) -> bool:
    empty = style.get("fill") == "none" and style.get("stroke", "none") == "none"
    return empty or style.get("opacity") == "0"


def _key(colour: str) -> str:
    key = _KEYS.get(colour.lower())
    if key is None:
        raise PaletteError(
            f"colour {colour} is not in the palette of tools/style.py; use C0 to C5, "
            'plt.rcParams["text.color"] or plt.rcParams["grid.color"], with alpha'
        )
    return key


def _referenced(element: ET.Element) -> list[str]:
    links = [v[1:] for k, v in element.attrib.items() if k.endswith("href")]
    return links + _REFERENCE.findall(" ".join(element.attrib.values()))


def _number(text: str, places: int = 2) -> str:
    """`text` rounded: "10.500" is "10.5", "-0.001" is "0", "0.25" is ".25"."""
    short = f"{float(text):.{places}f}".rstrip("0").removesuffix(".")
    if short in {"-0", "0"}:
        return "0"
    return re.sub(r"^(-?)0\.", r"\1.", short)


def _round(text: str) -> str:
    return _NUMBER.sub(lambda match: _number(match[0]), text).replace(", ", ",")


def _transform(text: str) -> str:
    parts = []
    for name, inside in re.findall(r"(\w+)\(([^)]*)\)", text):
        numbers = _NUMBER.findall(inside)
        if name == "rotate" and float(numbers[0]) == 0:
            continue
        if name == "translate" and not any(map(float, numbers)):
            continue
        places = 2 if name in {"translate", "rotate"} else 5
        parts.append(f"{name}({' '.join(_number(n, places) for n in numbers)})")
    return "".join(parts)


def _path(data: str, parts: int = 10) -> str:
    """The path in relative steps of 0.1, a sixth of a pixel, or of another 1 / `parts`.

    Steps are differences of rounded positions: their rounding does not add up.
    """
    tokens = [match.groups() for match in _PATH.finditer(data)]
    result, last = "", ""
    x = y = start_x = start_y = 0
    position = 0
    command = ""
    while position < len(tokens):
        if tokens[position][0]:
            command = tokens[position][0]
            position += 1
        if command in "zZ":
            result += "z"
            last = "z"
            x, y = start_x, start_y
            continue
        count = {"M": 2, "L": 2, "Q": 4, "C": 6}.get(command)
        if count is None:
            raise ValueError(
                f"path command {command!r} is not one that matplotlib writes"
            )
        points = [round(parts * float(tokens[position + i][1])) for i in range(count)]
        position += count
        if command == "M":
            x, y = start_x, start_y = points
            step, letter = points, "M"
        else:
            step = [p - (x, y)[i % 2] for i, p in enumerate(points)]
            x, y = points[-2:]
            letter = command.lower()
        numbers = "".join(_step(value / parts) for value in step)
        if letter == last != "M":
            result += numbers
        else:
            result += letter + numbers.removeprefix(" ")
        last = letter
        if command == "M":
            command = "L"  # further pairs after a move are lines
    return result


def _step(value: float) -> str:
    text = _number(str(value))
    return text if text.startswith("-") else f" {text}"


def _join_letters(text: ET.Element) -> None:
    """One `<tspan>` for each run of letters that matplotlib placed one by one."""
    runs: list[ET.Element] = []
    for letter in list(text):
        text.remove(letter)
        if not letter.text:
            continue  # a space: the next letter has its own place
        # `x` counts UTF-16 units, and an accent has no place of its own.
        plain = letter.text.isascii() or letter.text.isalpha() or letter.text == "−"
        plain = plain and letter.text <= "\uffff"
        if runs and plain and _look(runs[-1]) == _look(letter):
            runs[-1].set("x", f"{runs[-1].get('x')} {letter.get('x')}")
            runs[-1].text += letter.text
        else:
            runs.append(letter)
    text.extend(runs)


def _look(element: ET.Element) -> dict[str, str]:
    return {name: value for name, value in element.attrib.items() if name != "x"}


def _write(element: ET.Element) -> str:
    attributes = "".join(
        f' {name}="{escape(value)}"' for name, value in element.attrib.items()
    )
    inside = escape(element.text or "", quote=False) + "".join(map(_write, element))
    if not inside:
        return f"<{element.tag}{attributes}/>"
    return f"<{element.tag}{attributes}>{inside}</{element.tag}>"
