"""Formulas become MathML when the site is built, drawn by a font that has all of it."""

import io
import threading

import pytest
from fontTools.ttLib import TTFont

from tools import formulas

BLOCK = '<div class="arithmatex">\\[\n{}\n\\]</div>'
INLINE = '<span class="arithmatex">\\({}\\)</span>'


def test_a_formula_in_a_line_becomes_mathml():
    page = f"<p>where {INLINE.format('a &lt; b')} holds</p>"
    html = formulas.render(page)
    assert html.startswith("<p>where <math>") and html.endswith("</math> holds</p>")
    assert "<mo>&lt;</mo>" in html
    assert "arithmatex" not in html


def test_a_block_can_scroll_in_a_box_of_its_own():
    html = formulas.render(BLOCK.format(r"\frac{1}{N} \sum_i e_i^2"))
    assert html.startswith('<div class="formula"><math display="block"')
    assert html.endswith("</math></div>")


def test_alignment_marks_survive_the_escaping_of_html():
    source = r"\begin{aligned} a &amp;= b \\ c &amp;= d \end{aligned}"
    html = formulas.render(BLOCK.format(source))
    assert html.count("<mtr>") == 2
    assert "&amp;" not in html


def test_what_is_no_formula_stays():
    page = "<p>costs $5, <code>\\(x\\)</code></p>"
    assert formulas.render(page) == page


@pytest.mark.parametrize("source", [r"\frac{a", r"\nosuch{a}", r"\left( a", "a^b^c"])
def test_a_wrong_formula_is_named(source):
    with pytest.raises(formulas.FormulaError, match="formula ") as error:
        formulas.render(INLINE.format(source))
    assert source in str(error.value)
    assert "\n" not in str(error.value)
    assert formulas.mathml("x") == "<math><mi>x</mi></math>"  # and the next one works


def test_any_thread_may_ask():
    results = []
    threads = [
        threading.Thread(target=lambda n=n: results.append(formulas.mathml(f"x_{n}")))
        for n in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 4 and all("<msub>" in result for result in results)


def test_single_letters_are_drawn_in_italics():
    html = formulas.mathml(r"h + \partial + \theta + \log x")
    assert {"ℎ", "𝜕", "𝜃", "𝑥", "l", "o", "g", "+"} <= formulas.characters(html)
    assert "𝑙" not in formulas.characters(html)
    assert formulas.characters("<p>no formula: é</p>") == set()


def test_the_font_has_what_the_pages_show_and_the_root_sign():
    html = formulas.mathml(r"\left(\sqrt{\sum_i \hat y_i}\right) \in \mathbb{R}", True)
    letters = formulas.characters(html)
    font = TTFont(io.BytesIO(formulas.math_font(letters)))
    assert {ord(letter) for letter in letters} | {0x221A} <= set(font.getBestCmap())
    # Brackets that grow: larger sizes and the pieces of still larger ones.
    variants = font["MATH"].table.MathVariants
    bracket = variants.VertGlyphCoverage.glyphs.index(font.getBestCmap()[ord("(")])
    growth = variants.VertGlyphConstruction[bracket]
    assert growth.MathGlyphVariantRecord and growth.GlyphAssembly


def test_the_font_is_small_and_the_same_every_time(tmp_path):
    letters = formulas.characters(formulas.mathml(r"\frac{1}{N}\sum_i e_i^2"))
    fresh = formulas.math_font(letters, tmp_path)
    assert len(fresh) < 20_000
    (kept,) = tmp_path.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-100])  # cut short
    assert formulas.math_font(letters, tmp_path) == fresh
    assert kept.read_bytes() == whole
    assert formulas.math_font(letters | {"ω"}, tmp_path) != fresh
    assert len(list(tmp_path.iterdir())) == 1
