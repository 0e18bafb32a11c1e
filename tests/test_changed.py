"""Two tiny sites: what counts as a change, and how it is told."""

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

from tools import changed


def svg(label: str, path: str) -> str:
    drawn = f'<svg class="plot" aria-label="{label}"><path d="{path}" id="p"/></svg>'
    return f'<figure class="plot">{drawn}</figure>'


PAGES = {
    "same": ("<p>S</p>", "<p>S</p>"),
    "words": ("<p>one &lt;\ntwo</p>\n<p>z</p>", "<p>one &lt;\nthree</p>\n<p>z</p>"),
    "figure": (
        f"{svg('A', 'M0')}{svg('B', 'M1')}{svg('D', 'M9')}",
        f"{svg('A', 'M0')}{svg('B', 'M2')}{svg('C', 'M3')}{svg('E', 'M9')}",
    ),
    "html": ("<p>H</p>", "<p><b>H</b></p>"),
    "gone": ("<p>G</p>", None),
    "fresh": (None, "<p>F</p>\n" + svg("N", "M4")),
}


@pytest.fixture
def sites(tmp_path: Path) -> list[Path]:
    """A site before and after; the navigation differs on every page."""
    sites = [tmp_path / "before", tmp_path / "after"]
    for number, site in enumerate(sites):
        for url, texts in {".": ("Home", "Home"), **PAGES}.items():
            if texts[number] is not None:
                (site / url).mkdir(parents=True)
                (site / url / "index.html").write_text(
                    f"<nav>{number}</nav><article class='x'>{texts[number]}</article>"
                )
        (site / "404.html").write_text("<p>no article</p>")
    return sites


def test_what_changed(sites):
    found = {change.url: change for change in changed.changes(*sites)}
    assert list(found) == ["figure/", "fresh/", "gone/", "html/", "words/"]
    kinds = [change.kind for change in found.values()]
    assert kinds == ["changed", "new", "removed", "changed", "changed"]
    assert found["words/"].lines == ["-two", "+three"]
    assert found["html/"].lines == [] and found["html/"].figures == []
    assert found["gone/"].lines == ["-G"]
    assert found["fresh/"].lines == ["+F", "+N"]
    # The text for those who do not see a figure is text.
    assert found["figure/"].lines == ["-D", "+C", "+E"]
    drawn = '<svg class="plot"><path d="{}" id="p"/></svg>'.format
    assert found["figure/"].figures == [(drawn("M1"), drawn("M2")), ("", drawn("M3"))]
    assert found["fresh/"].figures == [("", drawn("M4"))]


def test_a_page_without_an_article_is_compared_whole(sites):
    (sites[1] / "404.html").write_text("<p>another</p>")
    assert changed.changes(*sites)[0].url == "404.html"


def test_the_command_writes_a_summary_and_a_report(sites, tmp_path, capsys):
    report = tmp_path / "changed.html"
    changed.main([*map(str, sites), "--report", str(report)])
    printed = capsys.readouterr().out
    assert "## Pages that change: 5\n" in printed
    assert "| `figure/` | changed | +2 −1 | 2 |\n" in printed
    assert "| `gone/` | removed | +0 −1 |  |\n" in printed
    text = report.read_text("utf-8")
    assert text.count("data:image/svg+xml,") == 4
    assert text.count("before: none") == 2
    assert "<del>-two</del>\n<ins>+three</ins>" in text
    assert "The same words in other HTML" in text
    picture = unquote(re.search(r'src="data:image/svg\+xml,([^"]*)"', text)[1])
    assert picture.startswith('<svg xmlns="http://www.w3.org/2000/svg" class="plot">')
    assert "<style>:root{--plot-c0:" in picture


def test_what_a_page_says_is_not_markup_of_the_report(sites):
    page = sites[1] / "words/index.html"
    page.write_text("<article>&lt;script&gt;x&lt;/script&gt;</article>")
    text = changed.report(changed.changes(*sites))
    assert "+&lt;script&gt;x" in text and "<script" not in text


def test_equal_sites_and_a_folder_without_one(sites, tmp_path, capsys):
    changed.main([str(sites[0])] * 2)
    assert capsys.readouterr().out == "## Pages that change\n\nNone.\n\n"
    with pytest.raises(SystemExit, match="holds no index.html: name the folder"):
        changed.main([str(sites[0]), str(tmp_path)])
