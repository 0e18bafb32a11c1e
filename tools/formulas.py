r"""Formulas: LaTeX to MathML when the site is built, and the font that draws them.

`pymdownx.arithmatex` (generic) leaves `\(...\)` and `\[...\]` in the HTML. Temml, one
file of JavaScript run by QuickJS inside this process, turns them into MathML, so that a
reader's browser runs no script for a formula. MathML needs a font with a MATH table
(brackets and roots that grow); `math_font` cuts STIX Two Math down to the characters
that the site uses, 400 kB to about 12.
"""

import base64
import hashlib
import html as markup
import io
import re
import unicodedata
from functools import cache
from pathlib import Path

import quickjs

from tools.artefacts import load, store

VENDOR = Path(__file__).parent / "vendor"
TEMML = VENDOR / "temml.min.js"
FONT = VENDOR / "stix-two-math.woff2"

_CALL = """
function render(source, display) {
  try {
    const options = {displayMode: display, throwOnError: true};
    return "+" + temml.renderToString(source, options);
  } catch (error) {
    return "-" + error.message;
  }
}
"""
_FORMULA = re.compile(
    r'<(?P<tag>span|div) class="arithmatex">\s*'
    r"\\[(\[](?P<source>.*?)\\[)\]]\s*</(?P=tag)>",
    re.DOTALL,
)
_MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)
_TEXT = re.compile(r"<mtext.*?</mtext>", re.DOTALL)  # in the font of the page
_LETTER = re.compile(r"<mi[^>]*>(.)</mi>")
_TAG = re.compile(r"<[^>]*>")


class FormulaError(ValueError):
    """A formula, `source`, that Temml does not accept."""

    def __init__(self, source: str, reason: str):
        super().__init__(f"formula {source}: {reason}")
        self.source = source


@cache
def _temml() -> quickjs.Function:
    # `quickjs.Function`, and not `Context`: a QuickJS runtime belongs to the thread
    # that made it, and `Function` keeps a thread of its own, whichever thread calls.
    return quickjs.Function("render", TEMML.read_text("utf-8") + _CALL)


@cache
def mathml(source: str, display: bool = False) -> str:
    """MathML of one formula.

    Args:
        source: LaTeX, without delimiters.
        display: As a block of its own, not in a line of text.

    Raises:
        FormulaError: Temml rejects the formula.
    """
    result = _temml()(source, display, run_gc=False)
    if result.startswith("-"):
        reason = " ".join(result[1:].split("\n")[0].split())
        raise FormulaError(source, reason)
    return result[1:]


def render(html: str) -> str:
    """`html` with every formula that arithmatex marked as MathML.

    A block becomes `<div class="formula">`, so that the style sheet can let a long one
    scroll in its own box.

    Raises:
        FormulaError: Temml rejects a formula; the message names it.
    """

    def replace(match: re.Match[str]) -> str:
        display = match["tag"] == "div"
        result = mathml(markup.unescape(match["source"]).strip(), display)
        return f'<div class="formula">{result}</div>' if display else result

    return _FORMULA.sub(replace, html)


@cache
def _italics() -> dict[str, str]:
    # A browser draws a one-letter <mi> with the italic letter of the block
    # "Mathematical Alphanumeric Symbols", so the font must have that one.
    blocks = (0x1D434, 0x1D468), (0x1D6A4, 0x1D6A6), (0x1D6E2, 0x1D71C)
    table = {"h": "\u210e"}  # Planck's constant had its place before
    for code in (code for block in blocks for code in range(*block)):
        plain = unicodedata.decomposition(chr(code)).removeprefix("<font> ")
        if plain:
            table[chr(int(plain, 16))] = chr(code)
    return table


def characters(html: str) -> set[str]:
    """Every character that the font must have to draw the MathML in `html`."""
    found: set[str] = set()
    for formula in _MATH.findall(_TEXT.sub("", html)):
        found.update(
            _italics().get(letter, letter) for letter in _LETTER.findall(formula)
        )
        found.update(markup.unescape(_TAG.sub("", _LETTER.sub("", formula))))
    return {letter for letter in found if letter and not letter.isspace()}


def math_font(characters: set[str], folder: Path | None = None) -> bytes:
    """STIX Two Math with `characters` only, as WOFF2.

    The MATH table brings the larger sizes and the pieces of what stretches.

    Args:
        characters: What `characters` found on the pages.
        folder: Where the last font is kept. Without it the font is made anew.
    """
    # <msqrt> has no text: the root sign must be asked for by name.
    wanted = sorted(characters | {"\u221a", " ", "\u00a0"})
    source = FONT.read_bytes()
    key = hashlib.sha256("".join(wanted).encode() + source).hexdigest()[:16]
    kept = folder / "math" if folder else None
    stored = load(kept) if kept else None
    if stored and stored["key"] == key:
        return base64.b64decode(stored["font"])

    from fontTools import subset, ttLib  # 0.2 s, only when the characters changed

    options = subset.Options(
        flavor="woff2",
        layout_features=["ssty", "dtls", "flac"],
        hinting=False,
        recalc_timestamp=False,
        notdef_outline=True,
    )
    font = ttLib.TTFont(io.BytesIO(source), recalcTimestamp=False)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=[ord(letter) for letter in wanted])
    subsetter.subset(font)
    font.flavor = "woff2"
    buffer = io.BytesIO()
    font.save(buffer)
    data = buffer.getvalue()

    if kept:
        store(kept, {"key": key, "font": base64.b64encode(data).decode()})
    return data
