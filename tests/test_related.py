"""Pages lead on: every chapter names related pages, which are there and name it in turn."""

import pytest
import yaml

from tools.pages import ROOT, PageError
from tools.related import see_also, subjects

DOCS = ROOT / "docs"
FOLDERS = ("losses", "optimizers", "training", "choose")
CHAPTERS = {
    path.relative_to(DOCS).as_posix(): yaml.load(
        path.read_text("utf-8").split("---\n")[1], yaml.CSafeLoader
    )
    for folder in FOLDERS
    for path in (DOCS / folder).glob("*.md")
}


def test_every_chapter_leads_on():
    assert len(CHAPTERS) > 50
    assert not [page for page, meta in CHAPTERS.items() if not meta.get("see_also")]


def test_alternatives_name_each_other():
    pairs = {
        (page, target.partition("#")[0])
        for page, meta in CHAPTERS.items()
        for target in meta["see_also"].get("alternative", [])
    }
    assert len(pairs) > 20
    assert not [pair for pair in pairs if pair[::-1] not in pairs]


def test_no_page_comes_before_a_page_that_comes_before_it():
    before = {
        (page, target.partition("#")[0])
        for page, meta in CHAPTERS.items()
        for target in meta["see_also"].get("before", [])
    }
    assert not [pair for pair in before if pair[::-1] in before]


def test_the_list_stands_at_the_end_of_the_page(open_page):
    page = open_page("losses/regression/")
    links = page.get_by_role("navigation", name="See also").get_by_role("link")
    meta = CHAPTERS["losses/regression.md"]["see_also"]
    assert links.count() == sum(map(len, meta.values()))
    assert "Found as: " in page.locator("article .subjects").inner_text()
    page.get_by_role("navigation", name="See also").get_by_role("link").first.click()
    page.wait_for_url("**/losses/quantile/")


def write(root, see="", text="## Part `x` { #part }\n"):
    (root / "docs/a").mkdir(parents=True)
    (root / "docs/a/one.md").write_text(f"---\ntitle: One\n{see}---\n")
    (root / "docs/two.md").write_text(f'---\ntitle: "Evidence: b"\n---\n\n{text}')


def test_a_list_has_the_titles_of_what_it_links(tmp_path):
    write(tmp_path)
    relations = {"next": ["two.md#part"], "alternative": ["two.md", "a/one.md"]}
    lines = see_also("a/one.md", relations, tmp_path).split("\n")
    assert lines[4:6] == [
        "- **Instead:** [b](../two.md); [One](../a/one.md)",
        "- **Next:** [Part `x`](../two.md#part)",
    ]
    assert see_also("two.md", {}, tmp_path) == ""


@pytest.mark.parametrize(
    "relation, target, wanted",
    [
        ("next", "three.md", r"docs/a/one.md:4: see_also: no three.md below docs/"),
        ("next", "two.md#gone", r"docs/a/one.md:4: see_also: no two.md#gone below"),
        ("nxt", "two.md", r"docs/a/one.md:4: see_also: 'nxt' is no relation; wanted"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path, relation, target, wanted):
    write(tmp_path, see=f"see_also:\n  {relation}: [{target}]\n")
    with pytest.raises(PageError, match=wanted):
        see_also("a/one.md", {relation: [target]}, tmp_path)


def test_a_name_stands_once():
    tags = ["MSELoss", "nn.MSELoss", "mseloss", "mean <error>", "L1Loss", "F.l1_loss"]
    assert "Found as: MSELoss, mean &lt;error&gt;, L1Loss</p>" in subjects(tags)
    assert subjects([]) == ""
