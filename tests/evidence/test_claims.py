"""The ledger covers every claim, and no page says otherwise."""

import tomllib
from pathlib import Path

import pytest

from tools import claims
from tools.pages import ROOT, PageError

LISTS = tomllib.loads((ROOT / "tests/completeness.toml").read_text("utf-8"))
CLAIMS = {claim.id: claim for claim in claims.claims()}
ADVICE = list(claims.advice())
EXPERIMENTS = claims.experiments()


def test_every_topic_that_claims_something_is_in_the_ledger():
    topics = set(LISTS["topics"]["treated"])
    claimed, silent = LISTS["claims"], set(LISTS["no_claim"]["topics"])
    assert not set(claimed) & silent
    assert set(claimed) | silent == topics
    assert set(claimed.values()) <= set(CLAIMS)


def test_where_a_topic_is_answered_its_page_links_to_its_claim():
    linked = {
        (link.page.with_suffix("").as_posix() + "/", link.claim) for link in ADVICE
    }
    missing = []
    for topic, claim in LISTS["claims"].items():
        page = LISTS["topics"]["treated"][topic].partition("#")[0]
        if (page, claim) not in linked:
            missing.append(f"{page} does not link to #{claim}: {topic}")
    assert not missing


def test_pages_name_the_verdict_of_the_ledger():
    wrong = [
        f"{link.page}#{link.anchor}: {link.verdict!r} of #{link.claim}"
        for link in ADVICE
        if link.claim not in CLAIMS or link.verdict != CLAIMS[link.claim].verdict
    ]
    assert not wrong


def test_every_claim_is_linked_from_a_page():
    assert set(CLAIMS) == {link.claim for link in ADVICE}


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: f"{e[0]}#{e[1]}")
def test_the_ledger_has_the_verdict_of_each_experiment(experiment):
    page, anchor, _, verdict = experiment
    rows = [c for c in CLAIMS.values() if f"]({page}#{anchor})" in c.see]
    assert rows, "no claim of the ledger rests on it"
    # A claim that it shares with other experiments may be a wider one.
    assert verdict in {c.verdict for c in rows}


def test_there_are_at_least_as_many_experiments_as_promised():
    assert len(EXPERIMENTS) >= 24
    # Every section with a claim for its heading is one.
    pages = {page for page, *_ in EXPERIMENTS}
    headings = sum(
        line.startswith('## "')
        for page in pages
        for line in (ROOT / "docs/evidence" / page).read_text("utf-8").splitlines()
    )
    assert headings == len(EXPERIMENTS)


ROW = '["A part".one]\ntext = "t"\nverdict = "holds"\nwhy = "w"\nsee = "s"\n'


def ledger(tmp_path: Path, text: str) -> Path:
    (tmp_path / "docs/evidence").mkdir(parents=True)
    (tmp_path / "docs/evidence/claims.toml").write_text(text)
    return tmp_path


def test_ledger_has_a_table_for_each_part_and_links_back(tmp_path):
    root = ledger(tmp_path, ROW + ROW.replace("one", "two").replace("A part", "B"))
    page = root / "docs/x/y.md"
    page.parent.mkdir()
    page.write_text(
        "---\ntitle: Why\n---\n## G { #g }\nAs in `[holds](../evidence/claims.md#one)`.\n"
        "## H { #h }\n[holds](../evidence/claims.md#two)\n"
        "## I { #i }\n[holds](../evidence/claims.md#two)\n"
    )
    lines = claims.ledger(root).splitlines()
    assert "## A part" in lines
    assert "| *t*{ #one } | **holds**: w | s |" in lines
    # Once for a page, to its first section with the claim.
    assert "| *t*{ #two } | **holds**: w | s, [Why](../x/y.md#h) |" in lines


def test_ledger_does_not_repeat_a_page_that_it_names(tmp_path):
    root = ledger(tmp_path, ROW.replace('"s"', '"[why](../y.md#g)"'))
    link = "[holds](evidence/claims.md#one)"
    (root / "docs/y.md").write_text(f"---\ntitle: Why\n---\n## H {{ #h }}\n{link}")
    assert claims.ledger(root).endswith("| **holds**: w | [why](../y.md#g) |")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"holds"', '"true"', "wanted a verdict out of holds, depends, does not hold"),
        ('why = "w"\n', "", "claim 'one' .*missing 1 required .*'why'"),
        ("why =", "reason =", "claim 'one' .*unexpected keyword argument 'reason'"),
    ],
)
def test_a_row_that_is_wrong_is_named(tmp_path, old, new, message):
    with pytest.raises(PageError, match=message):
        claims.claims(ledger(tmp_path, ROW.replace(old, new)))


def test_two_rows_of_one_name_are_refused(tmp_path):
    with pytest.raises(PageError, match="two claims are called 'one'"):
        claims.claims(ledger(tmp_path, ROW + ROW.replace("A part", "B")))
