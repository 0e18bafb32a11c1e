"""The files that a hosting site and readers of the repository look for."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from tools.pages import ROOT

FORMS = sorted((ROOT / ".github/ISSUE_TEMPLATE").glob("[0-9]*.yml"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text("utf-8")


def fields(form: Path) -> dict[str, dict]:
    """What a form asks for, by id."""
    return {
        field["id"]: field for field in yaml.safe_load(form.read_text("utf-8"))["body"]
    }


@pytest.mark.parametrize(
    "schema, paths",
    [
        ("github-issue-forms", FORMS),
        ("github-issue-config", [ROOT / ".github/ISSUE_TEMPLATE/config.yml"]),
        ("citation-file-format", [ROOT / "CITATION.cff"]),
    ],
)
def test_files_follow_their_schema(schema, paths):
    assert paths
    command = [sys.executable, "-m", "check_jsonschema"]
    command += ["--builtin-schema", f"vendor.{schema}", *map(str, paths)]
    result = subprocess.run(command, text=True, capture_output=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.stem)
def test_a_form_asks_for_what_an_answer_needs(form):
    asked = fields(form)
    required = [
        field["attributes"]["label"]
        for field in asked.values()
        if field.get("validations", {}).get("required")
    ]
    assert len(required) >= 2, "what is it about, and how is it known"
    assert "page" in asked or "name" in asked


def test_the_command_that_prints_versions_runs(capsys):
    commands = {
        re.search("```\n(.+)\n```", asked["versions"]["attributes"]["description"])[1]
        for asked in map(fields, FORMS)
        if "versions" in asked
    }
    (command,) = commands
    python, option, code = shlex.split(command)
    assert (python, option) == ("python", "-c")
    exec(code, {})
    assert torch.__version__ in capsys.readouterr().out


def test_the_changelog_names_the_pinned_torch_and_the_version_of_the_citation():
    pinned = re.search(
        r"^torch==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE
    )[1]
    assert re.search(r"torch (\d+\.\d+\.\d+)", CHANGELOG)[1] == pinned
    titles = re.findall("^## (.+)", CHANGELOG, re.MULTILINE)
    assert titles[0] == "Unreleased"
    assert titles[1:] == sorted(titles[1:], reverse=True)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", title) for title in titles[1:])
    kinds = set(re.findall("^### (.+)", CHANGELOG, re.MULTILINE))
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert kinds <= known
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == cited["date-released"] == titles[1]


def test_the_template_of_a_pull_request_is_short():
    text = (ROOT / ".github/pull_request_template.md").read_text("utf-8")
    assert len(text.splitlines()) == 3
