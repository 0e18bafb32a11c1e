"""Tables, figures and labels join a page where they should, and only there."""

import re

import pytest

from tools.pages import ROOT, PageError
from tools.render import checks, finish, join_tables

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


STEPPED = {
    "losses/regression/f.html": '<svg aria-label="alternative-text">'
    '<g data-step="1"></g><g data-step="2"></g><g data-step="1"></g></svg>'
}
IMAGE = '<p><img alt="what" src="f.svg" /></p>'


def slider(steps="1 2", start="1", label="Delta"):
    return (
        f'<div data-stepper="{steps}" data-start="{start}" data-label="{label}"></div>'
    )


def stepped(html):
    return finish(html, PAGE, URL, STEPPED)


def test_a_slider_stays_above_its_figure():
    html = stepped(f"{slider()}\n{IMAGE}")
    assert html.startswith(f'{slider()}\n<figure class="plot"><svg aria-label="what">')


@pytest.mark.parametrize("steps", ["1", "1 2 3", "2 1", "1 2.0", ""])
def test_a_slider_has_the_steps_of_its_figure(steps):
    with pytest.raises(
        PageError, match=f"steps of f.svg are 1 2, .* above it {steps};"
    ):
        stepped(slider(steps) + IMAGE)


def test_a_figure_in_steps_has_a_slider():
    with pytest.raises(PageError, match="are 1 2, .* it none, for there is no slider"):
        stepped(IMAGE)
    with pytest.raises(PageError, match="for there is no slider"):
        stepped(f"{slider()}<p>between</p>{IMAGE}")


def test_a_slider_has_a_figure():
    with pytest.raises(
        PageError, match="a slider without a figure; put it right above"
    ):
        stepped(f"{slider()}<p>text</p>")
    with pytest.raises(PageError, match="the steps of f.svg are none"):
        finished(slider() + IMAGE)
    shown = "<code>&lt;div data-stepper=&quot;1&quot;&gt;&lt;/div&gt;</code>"
    assert stepped(shown) == shown


@pytest.mark.parametrize("wrong", [{"start": "3"}, {"start": ""}, {"label": ""}])
def test_a_slider_says_its_name_and_where_it_starts(wrong):
    with pytest.raises(PageError, match="needs a data-label, and a data-start that is"):
        stepped(slider(**wrong) + IMAGE)


def test_a_wrong_slider_is_named_by_its_line():
    """The page is a real one, whose first slider is asked for."""
    text = (ROOT / "docs" / PAGE).read_text("utf-8")
    line = text[: text.index("data-stepper")].count("\n") + 1
    found = re.search(r"<div data-stepper.*</div>", text)[0]
    with pytest.raises(PageError, match=rf"^docs/{PAGE}:{line}: the steps of f.svg"):
        stepped(found + IMAGE)
    with pytest.raises(PageError, match=rf"^docs/{PAGE}:{line}: a slider without"):
        stepped(found)


FILE = (
    '<div class="language-python highlight"><span class="filename">'
    "snippets/losses/regression/f.py</span><pre>"
)


def test_an_included_file_can_be_opened_and_downloaded():
    made = finished(FILE)
    raw = "../../snippets/losses/regression/f.py"
    assert f'<a href="{raw}">snippets/losses/regression/f.py</a>' in made
    assert f'<a href="{raw}" download>download</a>' in made
    assert '<a href="../../reference/tested/#build">✓ figure</a></span><pre>' in made
    assert '<div class="language-python highlight" data-search-exclude>' in made


def test_the_source_is_in_the_repository_where_there_is_one():
    made = finish(FILE, PAGE, URL, FIGURES, "https://example.org/criterion/")
    source = "https://example.org/criterion/blob/main/snippets/losses/regression/f.py"
    assert f'<a href="{source}">snippets/' in made
    assert '<a href="../../snippets/losses/regression/f.py" download>' in made


@pytest.mark.parametrize(
    ("results", "passed"),
    [
        ([], []),
        ([".svg", ".html"], ["figure"]),
        ([".md"], ["table"]),
        ([".md", ".svg", ".html"], ["results"]),
    ],
)
def test_checks_are_those_with_a_result(results, passed):
    artefacts = {f"a/b{ending}": "" for ending in results} | {"a/bc.md": ""}
    path = "snippets/a/b.py"
    assert checks(path, artefacts) == ("✓ " + passed[0] if passed else "")
    counted = checks(path, artefacts | {"a/b.examples": "12"})
    assert counted == "✓ " + ", ".join(["12 examples", *passed])
    assert checks(path, {"a/b.examples": "1"}) == "✓ 1 example"


def test_nothing_is_said_of_a_file_without_checks():
    made = finish(FILE, PAGE, URL, {})
    assert "download</a></span><pre>" in made
