"""What is laid out fails until it is written, then passes; what is wrong writes nothing."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tools import new
from tools.pages import ROOT

REFERENCE = '---\ndescription: "On: Old."\n---\n\n# S\n\n## Old { #losses-old }\n\nShown.\n\n::: a\n'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The project's settings and tests, and one page that shows no snippet."""
    for name in ("mkdocs.yml", "pyproject.toml", "conftest.py", new.LISTS):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    for name in ("conftest.py", "documents.py", "test_snippets.py"):
        shutil.copy(ROOT / "tests" / name, tmp_path / "tests")
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    settings = (tmp_path / "mkdocs.yml").read_text()
    nav = "nav:\n  - Losses:\n      - losses/a.md\n      - losses/old.md\n  - Training:\n      - training/t.md\n"
    (tmp_path / "mkdocs.yml").write_text(settings[: settings.index("\nnav:") + 1] + nav)
    (tmp_path / "docs/losses").mkdir(parents=True)
    (tmp_path / "docs/losses/old.md").write_text(
        "---\ntitle: Old\n---\n\n# Old\n\nA.\n\n## Papers { #sources }\n\nB.\n"
    )
    reference = tmp_path / new.REFERENCE
    reference.mkdir(parents=True)
    (reference / "index.md").write_text("# S\n\n- [N](numbers.md): Old.\n")
    (reference / "numbers.md").write_text(REFERENCE)
    return tmp_path


def lay_out(root: Path, *arguments: str) -> None:
    new.main(list(arguments), root)


def files(root: Path) -> dict[str, bytes]:
    paths = [path for path in root.rglob("*") if path.is_file()]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}


def changed(root: Path, before: dict[str, bytes]) -> set[str]:
    return {name for name, text in files(root).items() if before.get(name) != text}


def fill(root: Path, name: str) -> None:
    """Write what `new` left to write, as a contributor would."""
    section, page, loss = name.split("/")
    code = f"import torch\n\nvalue = {loss}(torch.ones(2), torch.zeros(2))\nassert value == 1"
    words = {
        f"docs/{section}/{page}.md": {
            r"raise NotImplementedError\(.*\)": "x = 1",
            r"\Z": f"\n```python\n{code}\n```\n",
        },
        f"snippets/{name}.py": {
            "    loss = (.*)\n.*NotImplementedError.*": r"    loss = (\1) ** 2",
        },
        f"tests/{section}/test_{page}.py": {
            r"pytest\.fail\(.*\)": "(prediction - target) ** 2",
        },
    }
    for path, edits in words.items():
        text = (root / path).read_text()
        for pattern, instead in edits.items():
            text = re.sub(pattern, instead, text, count=1)
        text = re.sub(rf"{new.MARK} [^\"\n]*?(?=\.?\"|\n|$)", "It is so", text)
        (root / path).write_text(text)


def test_a_filled_page_passes_and_a_stub_fails_where_it_is_one(root):
    for page in ("filled", "stub"):
        lay_out(root, "page", f"losses/{page}", "--title", f"The {page}: a page")
        lay_out(root, "snippet", f"losses/{page}/{page}_loss")
    fill(root, "losses/filled/filled_loss")
    numbers = root / new.REFERENCE / "numbers.md"
    numbers.write_text(numbers.read_text().replace("::: a\n", ""))  # it does not exist
    command = [sys.executable, "-m", "pytest", "-rA", "--tb=line"]
    names = [p for page in ("filled", "stub") for p in new_files(page)]
    result = subprocess.run(
        [*command, *names, "tests/test_snippets.py"],
        cwd=root,
        text=True,
        capture_output=True,
    )
    outcomes = re.findall(r"^(PASSED|FAILED|ERROR) (.*)$", result.stdout, re.MULTILINE)
    passed = {name for outcome, name in outcomes if outcome == "PASSED"}
    failed = {name for outcome, name in outcomes if outcome != "PASSED"}
    assert not [name for name in failed if "stub" not in name], result.stdout
    for part in new_files("filled"):
        assert any(name.startswith(part) for name in passed), result.stdout
    assert len([name for name in passed if "filled" in name]) > 15
    for part in new_files("stub"):
        assert any(name.startswith(part) for name in failed), result.stdout
    assert (
        f"NotImplementedError: {new.MARK} the line above becomes the loss"
        in result.stdout
    )
    assert f"{new.MARK} torch, SciPy or a closed form" in result.stdout
    message = (
        'stub.md:13: raise NotImplementedError("' + f"{new.MARK} the smallest code"
    )
    assert message in result.stdout
    lint = [sys.executable, "-m", "ruff"]
    for check in (["check", "--quiet"], ["format", "--check", "--quiet"]):
        subprocess.run(
            [*lint, *check, "tests/losses", "snippets"], cwd=root, check=True
        )


def new_files(page: str) -> list[str]:
    return [
        f"docs/losses/{page}.md",
        f"tests/losses/test_{page}.py",
        f"snippets/losses/{page}/{page}_loss.py",
    ]


def test_a_page_has_its_place_everywhere(root, capsys):
    before = files(root)
    lay_out(root, "page", "losses/my_page", "--title", "My page: it")
    assert changed(root, before) == {"docs/losses/my_page.md", "mkdocs.yml", new.LISTS}
    text = (root / "docs/losses/my_page.md").read_text()
    assert text.startswith(f'---\ntitle: "My page: it"\ndescription: "{new.MARK} ')
    assert "\n# My page: it\n" in text
    nav = (root / "mkdocs.yml").read_text()
    assert "      - losses/old.md\n      - losses/my_page.md\n  - Training:" in nav
    lists = tomllib.loads((root / new.LISTS).read_text())
    assert lists["topics"]["treated"]["My page: it"] == "losses/my_page/"
    assert "My page: it" in lists["no_claim"]["topics"]
    # Comments stay with what they are about.
    assert '"losses/my_page/"\n\n# The row of' in (root / new.LISTS).read_text()
    printed = capsys.readouterr().out
    assert "docs/losses/my_page.md:10: the answer in two or three" in printed
    assert ".venv/bin/pytest docs/losses/my_page.md\n" in printed


def test_a_snippet_is_shown_tested_and_listed(root, capsys):
    tests = root / "tests/losses/test_old.py"
    tests.parent.mkdir()
    tests.write_text(
        '"""Old."""\n\nimport math\n\nimport torch\n\nX = math.pi, torch\n'
    )
    lay_out(root, "snippet", "losses/old/my_loss")
    shown = (root / "docs/losses/old.md").read_text()
    assert "A.\n\n### My loss { #my-loss }\n" in shown
    assert '"snippets/losses/old/my_loss.py"\n```\n\n## Papers { #sources }' in shown
    assert tests.read_text().startswith(
        '"""Old."""\n\nimport math\n\nimport pytest\nimport torch\n\n'
        "from snippets.losses.old.my_loss import my_loss\n\nX = "
    )
    listed = (root / new.REFERENCE / "numbers.md").read_text()
    assert listed == REFERENCE + "\n::: snippets.losses.old.my_loss.my_loss\n"
    assert "docs/losses/old.md:11: when to use it" in capsys.readouterr().out

    # A second one of the same words, and one of a page that lists nothing yet.
    lay_out(root, "snippet", "losses/old/sources")
    assert "{ #sources-code }" in (root / "docs/losses/old.md").read_text()
    printed = capsys.readouterr().out
    assert printed.count("when to use it") == 1  # that of the first is told already
    lay_out(root, "page", "losses/fresh", "--title", "Fresh")
    lay_out(root, "snippet", "losses/fresh/fresh_loss")
    listed = (root / new.REFERENCE / "numbers.md").read_text()
    section = "## Fresh { #losses-fresh }\n\nShown on [Fresh](../../losses/fresh.md).\n"
    assert listed.endswith(
        f"{section}\n::: snippets.losses.fresh.fresh_loss.fresh_loss\n"
    )
    assert 'description: "On: Old, Fresh."' in listed
    index = (root / new.REFERENCE / "index.md").read_text()
    assert "- [N](numbers.md): Old, Fresh.\n" in index


@pytest.mark.parametrize("kind, ending", [("figure", "svg"), ("table", "md")])
def test_a_figure_or_a_table_joins_its_page(root, kind, ending):
    before = files(root)
    lay_out(root, "snippet", "losses/old/mine", "--kind", kind)
    path = "snippets/losses/old/mine.py"
    assert changed(root, before) == {path, "docs/losses/old.md"}
    assert f"def {kind}() -> " in (root / path).read_text()
    assert f"](old/mine.{ending})" in (root / "docs/losses/old.md").read_text()


def test_other_sections_get_a_function_and_not_a_loss(root):
    (root / "docs/training").mkdir()
    (root / "docs/training/t.md").write_text("---\ntitle: T\n---\n\n# T\n")
    numbers = root / new.REFERENCE / "numbers.md"
    numbers.write_text(REFERENCE.replace("#losses-old", "#training-t"))
    lay_out(root, "snippet", "training/t/mine")
    assert (
        "def mine(value: Tensor)" in (root / "snippets/training/t/mine.py").read_text()
    )
    assert "mine(torch.zeros(0))" in (root / "tests/training/test_t.py").read_text()


PAGE, SNIPPET = ["page", "--title", "T"], ["snippet"]
WRONG = [
    ([*PAGE, "losses/Mine"], 'section and page, as in "losses/my_page".*got "losses/M'),
    ([*PAGE, "losses/my-page"], "lower-case letters, digits"),
    ([*PAGE, "losses/class"], "no keyword of Python"),
    ([*PAGE, "losses"], "must be section and page"),
    ([*PAGE, "losses/a/b"], "must be section and page"),
    ([*PAGE, "losses/mine.md"], "without ending"),
    ([*PAGE, "../mine"], "must be section and page"),
    ([*PAGE, "losses/old"], "docs/losses/old.md exists: choose another"),
    ([*PAGE, "loses/mine"], 'no section "loses" in nav.*it has losses, training'),
    (["page", "losses/mine", "--title", 'a "b"'], 'without quotation marks, got "a'),
    (["page", "losses/mine", "--title", " "], "title must be one line"),
    (["page", "losses/mine", "--title", "Simplest training loop"], "is a topic"),
    ([*SNIPPET, "losses/mine"], "must be page and snippet"),
    ([*SNIPPET, "losses/none/mine"], "no page docs/losses/none.md.*tools.new page"),
    ([*SNIPPET, "losses/old/there"], "there.py exists: choose another"),
    ([*SNIPPET, "losses/old/random"], '"random" is the name of a module'),
    ([*SNIPPET, "losses/old/mine", "--kind", "plot"], "code, figure, table, got .plot"),
    ([*SNIPPET, "training/t/mine"], "no page of docs/reference/snippets/ lists"),
]


@pytest.mark.parametrize("arguments, message", WRONG, ids=lambda part: part[-1])
def test_what_is_wrong_is_said_and_nothing_is_written(root, arguments, message):
    (root / "snippets/losses/old").mkdir(parents=True)
    (root / "snippets/losses/old/there.py").touch()
    (root / "docs/training").mkdir()
    (root / "docs/training/t.md").write_text("---\ntitle: T\n---\n\n# T\n")
    before = files(root)
    with pytest.raises(SystemExit) as exit:
        lay_out(root, *arguments)
    assert re.search(message, exit.value.code)
    assert files(root) == before


def test_all_files_are_written_or_none(tmp_path):
    (tmp_path / "a").write_text("old")
    (tmp_path / "file").touch()
    before = files(tmp_path)
    with pytest.raises(OSError):
        new.write({"a": "new", "b/c": "new", "file/d": "new"}, tmp_path)
    assert files(tmp_path) == before
