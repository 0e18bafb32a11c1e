"""A build that cannot be right fails, with one message: file, line, what to do.

Each case builds a small site of its own with this project's tools and settings.
"""

import filecmp
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import mkdocs_build
from tools.pages import ROOT

TABLE = 'def table():\n    """T."""\n    return "| a |\\n| - |\\n| 1 |"\n'


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """Compiled templates, shared by the small sites: they are the same in all."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def root(tmp_path: Path, cache: Path) -> Path:
    """A site of one page, and no snippet."""
    shutil.copytree(ROOT / "tools", tmp_path / "tools")
    shutil.copytree(ROOT / "docs/assets", tmp_path / "docs/assets")
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = settings[: settings.index("\nnav:")]  # the pages there are not here
    (tmp_path / "mkdocs.yml").write_text(settings)
    (tmp_path / "snippets").mkdir()
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache/jinja").symlink_to(cache)
    return tmp_path


def build(root: Path, page: str, **snippets: str) -> subprocess.CompletedProcess:
    (root / "docs/index.md").write_text(page)
    for name, text in snippets.items():
        path = root / f"snippets/index/{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return mkdocs_build(root, root / "site")


def test_a_good_site_builds(root):
    result = build(root, "# T\n\n![A caption](index/t.md)\n", t=TABLE)
    assert result.returncode == 0, result.stdout
    assert "<td>1</td>" in (root / "site/index.html").read_text("utf-8")


BAD = {
    "include": (
        '# T\n\n```python\n--8<-- "snippets/none.py"\n```\n',
        r"docs/index.md:4: Snippet at path 'snippets/none.py' could not be found. Create",
    ),
    "section": (
        '# T\n\n```python\n--8<-- "snippets/index/t.py:no"\n```\n',
        r"docs/index.md:4: Snippet section 'no' could not be located. Create",
    ),
    "marker": (
        "# T\n\n```{.python .raise}\n1 / 0\n```\n",
        r"docs/index.md:4: unknown marker \['raise'\]",
    ),
    "fence": ("# T\n\n```python\n1\n", r"docs/index.md:\d: .* not a fence"),
    "table": (
        "# T\n\n![caption](index/none.md)\n",
        r"docs/index.md:3: no table index/none.md; .* table\(\) in snippets/index/none",
    ),
    "figure": (
        "# T\n\n![alt](index/none.svg)\n",
        r"docs/index.md:3: .*'index/none.svg', but the target is not found.*Correct the",
    ),
    "link": (
        "# T\n\n[x](none.md)\n",
        r"docs/index.md:3: .*'none.md', but the target is not found.*Correct the link",
    ),
    "anchor": (
        "# T\n\n[x](#none)\n",
        r"docs/index.md:3: .*'#none', but there is no such anchor.*Correct the link",
    ),
    "symbol": (
        "# T\n\n[x][torch.nn.Nothing]\n",
        r"docs/index.md:3: .*'torch.nn.Nothing'. Name it as",
    ),
    "object": (
        "# T\n\n::: snippets.nothing\n",
        r"docs/index.md:3: Could not collect 'snippets.nothing'. Name a public object",
    ),
    "formula": (
        "# T\n\n$\\frac{1}$\n",
        r"docs/index.md:3: formula \\frac\{1\}: Unexpected end .*Correct the LaTeX",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_page_fails_with_its_line(root, case):
    page, message = BAD[case]
    result = build(root, page, t=TABLE)
    assert result.returncode != 0, result.stdout
    assert re.search(message, result.stdout), result.stdout
    assert "Traceback" not in result.stdout


def test_a_bad_snippet_fails_with_its_line(root):
    bad = '"""Bad.\n\n>>> 1 + 1\n3\n"""\n'
    draws = "def figure():\n    return 1 / 0\n"
    result = build(root, "# T\n", bad=bad, draws=draws, t=TABLE)
    assert result.returncode != 0
    assert "snippets/index/bad.py:3: a doctest fails" in result.stdout
    assert "snippets/index/draws.py:2: return 1 / 0" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_build_from_empty_caches_is_identical(site, tmp_path):
    """Elsewhere, later, with nothing stored: the same bytes."""
    root = tmp_path / "elsewhere"
    for name in ("docs", "snippets", "tools"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "mkdocs.yml", root)
    result = mkdocs_build(root, root / "site")
    assert result.returncode == 0, result.stdout
    files, others = (
        sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
        for folder in (site, root / "site")
    )
    assert files == others
    _, different, errors = filecmp.cmpfiles(site, root / "site", files, shallow=False)
    assert not different + errors
