"""The workflows of the repository are well-formed, pinned, and safe with strangers' code."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tools.pages import ROOT

FOLDER = ROOT / ".github/workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))


def said(*command: str | Path) -> str:
    """What a command says if it fails, else nothing."""
    result = subprocess.run(command, text=True, capture_output=True)
    return result.stdout + result.stderr if result.returncode else ""


def findings(root: Path) -> str:
    """What the linter and the schemas find in the files in `root`; empty if nothing."""
    zizmor = Path(sys.executable).with_name("zizmor")
    schema = sys.executable, "-m", "check_jsonschema", "--builtin-schema"
    workflows = sorted((root / "workflows").glob("*.yml"))
    return (
        said(zizmor, "--offline", "--no-progress", "--quiet", root)
        or said(*schema, "vendor.github-workflows", *workflows)
        or said(*schema, "vendor.dependabot", root / "dependabot.yml")
    )


def test_nothing_is_found():
    assert not findings(ROOT / ".github")


# In which file, what is written wrongly, and what is said of it.
BROKEN = {
    "a tag instead of a hash": (
        "workflows/check.yml",
        r"checkout@\w+ # v7.0.1",
        "checkout@v7",
        "unpinned-uses",
    ),
    "a token that stays": (
        "workflows/check.yml",
        r"        with:\n          persist-credentials: false\n",
        "",
        "artipacked",
    ),
    "a stranger's text in a script": (
        "workflows/check.yml",
        "run: make check",
        "run: echo ${{ github.event.pull_request.title }}",
        "template-injection",
    ),
    "a trigger with rights": (
        "workflows/preview.yml",
        " # zizmor: ignore.*",
        "",
        "dangerous-triggers",
    ),
    "a word that does not exist": (
        "workflows/check.yml",
        "timeout-minutes",
        "timeout-minuets",
        "timeout-minuets",
    ),
    "an update at no time": ("dependabot.yml", "monthly", "sometimes", "sometimes"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_wrong_is_found(case, tmp_path):
    file, right, wrong, finding = BROKEN[case]
    shutil.copytree(ROOT / ".github", tmp_path / ".github")
    path = tmp_path / ".github" / file
    text, count = re.subn(right, wrong, path.read_text("utf-8"), count=1)
    assert count, f"{file} has no {right}"
    path.write_text(text)
    assert finding in findings(tmp_path / ".github")


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_have_limits(path):
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}, "a job asks for what it needs"
    for job in workflow["jobs"].values():
        assert job["permissions"]
        assert "uses" in job or job["timeout-minutes"] <= 90


def test_nothing_of_a_pull_request_runs_with_rights():
    text = (FOLDER / "preview.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()
    assert all("uses" not in step for step in job["steps"]), "no checkout, no artifact"
    scripts = [step["run"] for step in job["steps"]]
    assert not any("${{" in script for script in scripts)


def test_workflows_call_what_exists():
    text = "\n".join(path.read_text("utf-8") for path in WORKFLOWS)
    makefile = (ROOT / "Makefile").read_text("utf-8").replace("$(BIN)", ".venv/bin")
    for verb in re.findall(r"\bmake ([\w./]+)$", text, re.MULTILINE):
        assert f"\n{verb}:" in makefile, f"make {verb}"
    for module in re.findall(r"-m tools\.(\w+)", text):
        assert (ROOT / f"tools/{module}.py").is_file(), f"tools/{module}.py"
