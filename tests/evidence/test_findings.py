"""The stored results of every experiment are of its code, and bear its verdict out."""

import importlib

import pytest

from tests.evidence.stored import experiments, stored
from tools import evidence
from tools.pages import ROOT, read

EXPERIMENTS = list(experiments().values())
every = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda s: s.place)


@every
def test_every_finding_holds_in_every_run(experiment):
    module = importlib.import_module(experiment.name)
    findings = [module.findings(scores) for scores in stored(module)]
    assert len(findings) == evidence.RUNS
    assert findings[0]
    assert not [f for run in findings for f in run if not f.holds]
    # A run that is the same as another would confirm nothing.
    first, second = ([f.estimate for f in run] for run in findings)
    assert first != second


@every
def test_its_page_shows_picture_table_and_code(experiment):
    page = ROOT / "docs" / f"{experiment.place.rpartition('/')[0]}.md"
    text = page.read_text("utf-8")
    name = "/".join(experiment.place.split("/")[-2:])
    assert f"]({name}.svg)" in text
    assert f"]({name}.md)" in text
    shown = {line.path for fence in read(page) for line in fence.lines}
    assert experiment.path in shown


def test_all_of_them_take_less_than_a_quarter_of_an_hour_on_two_cores():
    seconds = [
        run["seconds"]
        for experiment in EXPERIMENTS
        for run in evidence.read(experiment.path)["runs"].values()
    ]
    assert sum(seconds) / 2 < 15 * 60
