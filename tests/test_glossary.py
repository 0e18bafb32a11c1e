"""Terms are linked where they are first used in running text, and nowhere else."""

import html
import re

import pytest

from tools import glossary
from tools.glossary import MOST, link
from tools.pages import ROOT

TEXT = (ROOT / "docs" / glossary.PAGE).read_text("utf-8")
ENTRIES = glossary.read(TEXT)
FORMS = {form: entry for entry in ENTRIES for form in entry.forms}
PAGE = "losses/page.md"
LINK = re.compile(r'\[([^]]+)\]\(\S+#([\w-]+) "[^"]+"\)\{ \.term \}')


def linked(markdown, page=PAGE):
    return [text for text, _ in LINK.findall(link(markdown, page))]


def test_entries_are_read():
    text = (
        'intro\n\nlogit { #logit data-forms="logit, logits" }\n'
        ":   A score of `x`, 0.5 say.\n    See [BCE](../losses/binary.md#a), [b](c.md).\n\n"
        "step { #step }\n:   An update.\n"
    )
    assert glossary.read(text) == [
        glossary.Entry(
            "logit",
            ("logit", "logits"),
            "A score of x, 0.5 say.",
            ("losses/binary.md",),
        ),
        glossary.Entry("step", (), "An update.", ()),
    ]


def test_every_entry_can_be_explained():
    terms = re.findall(r"^(\S.*?) \{ #", TEXT, re.MULTILINE)
    terms = [term for term in terms if not term.startswith("#")]
    assert len(ENTRIES) == len(terms) >= 60
    assert terms == sorted(terms, key=lambda t: re.sub("[-_]", " ", t.lower()))
    assert len(FORMS) == sum(len(entry.forms) for entry in ENTRIES)
    for entry in ENTRIES:
        assert re.fullmatch(r'[^]["*$]{15,130}\.', entry.definition), entry.anchor
        assert entry.pages, entry.anchor


def test_the_first_use_is_linked_with_its_definition():
    (entry,) = [entry for entry in ENTRIES if entry.anchor == "logit"]
    assert link("Two logits. A logit.", PAGE) == (
        f'Two [logits](../reference/glossary.md#logit "{entry.definition}"){{ .term }}. '
        "A logit."
    )


@pytest.mark.parametrize(
    "text",
    [
        "```python\nlogits\n```",
        "    ```{.text .output}\n    logits\n    ```",
        "~~~\nlogits\n```\nlogits\n~~~",
        "## The logits { #logits }",
        "| logits | x |",
        '!!! note "On logits"',
        '=== "logits"',
        "<summary>logits</summary>",
        "`logits` and ``a ` logits``",
        "$logits$ and\n\n$$ a\n logits $$",
        "[the logits\nhere](x.md), [a [b] logits][c], ![logits](logits.svg)",
        'a <span title="logits">b</span>',
        "word{ .logits }",
        "logits_2, xlogits, pre-logits, logits-like",
    ],
)
def test_what_is_no_running_text_stays(text):
    assert link(text, PAGE) == text
    assert linked(f"{text}\n\nThen logits.") == ["logits"]


def test_running_text_is_wherever_it_stands():
    for text in (
        "- a logit",
        '!!! note "N"\n\n    a logit',
        "> a **logit**",
        "(logit)",
    ):
        assert linked(text) == ["logit"], text


def test_the_longest_form_is_taken_over_the_end_of_a_line_too():
    assert linked("decoupled\nweight decay and weight decay") == [
        "decoupled\nweight decay",
        "weight decay",
    ]


def test_another_sense_is_no_use():
    for text in glossary._OTHER_SENSE:
        assert linked(text) == [], text
        assert any(form in text for form in FORMS), text


def test_another_sense_occurs():
    pages = " ".join(
        " ".join(path.read_text("utf-8").split())
        for path in (ROOT / "docs").rglob("*.md")
    )
    assert [text for text in glossary._OTHER_SENSE if text not in pages] == []


def test_pages_that_treat_a_term_and_those_without_prose_stay():
    assert link("A logit.", "losses/comparisons.md") == "A logit."
    for page in ("index.md", glossary.PAGE, "reference/notation.md"):
        assert link("A logit.", page) == "A logit."
    assert linked("A logit.", "troubleshoot/index.md") == ["logit"]


def test_a_page_has_a_few():
    forms = [entry.forms[0] for entry in ENTRIES if entry.forms]
    assert linked(", ".join(forms)) == forms[:MOST]
    # Those that it treats itself take no place.
    page = ENTRIES[0].pages[0]
    others = [
        entry.forms[0] for entry in ENTRIES if entry.forms and page not in entry.pages
    ]
    assert linked(", ".join(forms), page) == others[:MOST]


def test_terms_of_the_built_site(site):
    count = 0
    for path in site.rglob("*.html"):
        text = path.read_text("utf-8")
        terms = re.findall(
            r'<a class="term" href="([^"]+)#([^"]+)" title="([^"]+)">([^<]+)</a>', text
        )
        assert len(terms) == text.count('class="term"') <= MOST, path
        assert len({anchor for _, anchor, _, _ in terms}) == len(terms), path
        for address, anchor, title, form in terms:
            entry = FORMS[" ".join(html.unescape(form).split())]
            assert (entry.anchor, entry.definition) == (anchor, html.unescape(title))
            assert (path.parent / address).resolve() == site / "reference/glossary"
        count += len(terms)
    assert count > 300
