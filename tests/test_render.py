"""Tables, figures and labels join a page where they should, and only there."""

import pytest

from tools.pages import PageError
from tools.render import finish, join_tables

TABLES = {"losses/regression/t.md": "| a |\n| - |\n| 1 |\n"}
FIGURES = {
    "losses/regression/f.html": '<svg aria-label="alternative-text"></svg>',
    "losses/regression/f.svg": "<svg></svg>",
}
PAGE, URL = "losses/regression.md", "losses/regression/"


def join(markdown):
    return join_tables(markdown, PAGE, TABLES)


def finished(html):
    return finish(html, PAGE, URL, FIGURES)


def test_a_table_takes_the_place_of_its_link():
    text = "Above.\n\n![A `caption`](regression/t.md)\n\nBelow.\n"
    table = "A `caption`\n{ .caption }\n\n| a |\n| - |\n| 1 |\n"
    assert join(text) == f"Above.\n\n{table}\n\nBelow.\n"


def test_a_table_keeps_the_indent_of_its_link():
    assert "\n    | 1 |\n" in join('!!! note "N"\n\n    ![c](regression/t.md)\n')


@pytest.mark.parametrize("fence", ["```", "````", "~~~"])
def test_a_link_in_a_fence_is_shown_as_it_is(fence):
    text = f"{fence}markdown\n![c](regression/t.md)\n{fence}\n"
    assert join(text) == text
    assert "{ .caption }" in join(text + "\n![c](regression/t.md)\n")


def test_a_table_that_nobody_makes_is_an_error():
    with pytest.raises(
        PageError, match=r"no table losses/none.md; .* snippets/losses/n"
    ):
        join("![c](none.md)\n")


def test_a_figure_takes_the_place_of_its_image():
    image = '<p><img alt="what &amp; how" src="f.svg" /></p>'
    svg = '<svg aria-label="what &amp; how"></svg>'
    assert finished(image) == f'<figure class="plot">{svg}</figure>'


def test_a_foreign_image_stays():
    image = '<p><img alt="x" src="../assets/logo.svg" /></p>'
    assert finished(image) == image


def test_a_figure_without_a_text_is_an_error():
    with pytest.raises(PageError, match=r"say what is seen: !\[text\]\(f.svg\)"):
        finished('<p><img alt="" src="f.svg" /></p>')


def test_a_block_that_does_not_run_says_why():
    header = '```{.python .notest reason="needs CUDA"}'
    assert join(header) == header.replace("reason", "data-reason")
    html = (
        '<div class="language-python notest highlight" data-reason="needs CUDA"><pre>'
    )
    assert finished(html) == (
        '<p class="not-run">Not run here: needs CUDA</p>'
        '<div class="language-python notest highlight"><pre>'
    )


def test_a_shown_warning_is_labelled_as_one():
    html = '<div class="language-text output highlight"><pre><span></span><code>%s: x'
    assert '"language-text output warns highlight"' in finished(html % "UserWarning")
    assert finished(html % "ValueError") == html % "ValueError"


def test_marks_without_a_colour_are_dropped():
    html = '<span class="k">if</span> <span class="n">x</span><span class="p">:</span>'
    assert finished(html) == '<span class="k">if</span> x:'


def test_a_figure_keeps_its_place_until_it_is_drawn():
    figure = '<p><img alt="x" src="a.svg"></p>'
    svg = '<svg class="plot" style="max-width:9px" aria-label="x" viewBox="0 0 30 20">'
    shown = finish(figure, "page.md", "page/", {"page/a.html": svg})
    assert 'style="aspect-ratio:30/20;max-width:9px"' in shown
