"""A build that cannot be right fails, with one message: file, line, what to do.

Each case builds a small site of its own with this project's tools and settings.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import mkdocs_build, served, watched
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
    shutil.copy(ROOT / "LICENSE", tmp_path)
    settings = (ROOT / "mkdocs.yml").read_text("utf-8")
    settings = settings[: settings.index("\nnav:")]  # the pages there are not here
    (tmp_path / "mkdocs.yml").write_text(settings)
    (tmp_path / "snippets").mkdir()
    (tmp_path / "docs/evidence").mkdir()
    (tmp_path / "docs/evidence/claims.toml").touch()
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


# A notebook's page that shows one number, which a snippet holds.
NOTEBOOK = (
    "# %% [markdown]\n# # N\n\n# %%\nfrom snippets.index.n import n\n\nprint(1 / n)\n"
)


def test_a_site_builds_until_a_snippet_breaks_its_notebook(root):
    (root / "docs/evidence/n.py").write_text(NOTEBOOK)
    page = "# T\n\n[N](evidence/n.py)\n\n![A caption](index/t.md)\n"
    result = build(root, page, t=TABLE, n="n = 4\n")
    assert result.returncode == 0, result.stdout
    assert "<td>1</td>" in (root / "site/index.html").read_text("utf-8")
    assert "0.25" in (root / "site/evidence/n/index.html").read_text("utf-8")
    assert (root / "site/evidence/n/n.py").read_text("utf-8") == NOTEBOOK
    assert "nbformat" in (root / "site/evidence/n/n.ipynb").read_text("utf-8")
    stored = root / ".cache/notebooks/evidence.n"
    whole = stored.read_bytes()

    result = build(root, page, n="n = 0\n")
    assert result.returncode != 0, "the change went unnoticed"
    line = "docs/evidence/n.py:7: the notebook fails: ZeroDivisionError"
    assert line in result.stdout, result.stdout
    assert "Traceback" not in result.stdout
    assert stored.read_bytes() == whole, "a failure is not stored"


def test_bad_links_fail_with_their_lines(root):
    result = build(
        root,
        "# T\n\n[x](none.md)\n\n[x](#none)\n\n[x][torch.nn.Nothing]\n\n"
        "![alt](index/none.svg)\n",
    )
    assert result.returncode != 0
    for message in (
        r"docs/index.md:3: .*'none.md', but the target is not found.*Correct the link",
        r"docs/index.md:5: .*'#none', but there is no such anchor.*Correct the link",
        r"docs/index.md:7: .*'torch.nn.Nothing'. Name it as",
        r"docs/index.md:9: .*'index/none.svg', but the target is not found.*Correct",
    ):
        assert re.search(message, result.stdout), (message, result.stdout)


BAD = {
    "include": (  # one of the errors of tools/pages.py; the others are in test_pages
        '# T\n\n```python\n--8<-- "snippets/none.py"\n```\n',
        r"docs/index.md:4: Snippet at path 'snippets/none.py' could not be found. Create",
    ),
    "table": (
        "# T\n\n![caption](index/none.md)\n",
        r"docs/index.md:3: no table index/none.md; .* table\(\) in snippets/index/none",
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
    result = build(root, page)
    assert result.returncode != 0, result.stdout
    assert re.search(message, result.stdout), result.stdout
    assert "Traceback" not in result.stdout


def test_a_bad_snippet_fails_with_its_line(root):
    bad = '"""Bad.\n\n>>> 1 + 1\n3\n"""\n'
    draws = "def figure():\n    return 1 / 0\n"
    result = build(root, "# T\n", bad=bad, draws=draws)
    assert result.returncode != 0
    assert "snippets/index/bad.py:3: a doctest fails" in result.stdout
    assert "snippets/index/draws.py:2: return 1 / 0" in result.stdout
    assert "Traceback" not in result.stdout


def test_a_kept_page_is_made_again_when_it_has_to_be(root):
    """Pages are rendered once; what another page or a snippet changes is noticed."""
    snippet = '"""S."""\n\n\ndef n():\n    """N.\n\n    Source: none.\n    """\n    return 1\n'
    (root / "docs/api.md").write_text("# API\n\n::: snippets.index.n.n\n")
    (root / "docs/other.md").write_text("# Other\n\n## Here { #here }\n")
    include = '```python\n--8<-- "snippets/index/n.py"\n```'
    page = f"# T\n\n[O](other.md#here), [n][snippets.index.n.n]\n\n{include}\n"
    result = build(root, page, n=snippet)
    assert result.returncode == 0, result.stdout
    assert len(list((root / ".cache/pages").iterdir())) == 3
    assert len(list((root / ".cache/search").iterdir())) == 3

    # A snippet that a page includes, or lists.
    result = build(
        root, page, n=snippet.replace("return 1", "return 2").replace("N.", "M.")
    )
    assert result.returncode == 0, result.stdout
    text = re.sub("<[^>]+>", "", (root / "site/index.html").read_text("utf-8"))
    assert "return 2" in text
    assert "M." in (root / "site/api/index.html").read_text("utf-8")

    # An anchor of another page, told each time and not only at the first.
    (root / "docs/other.md").write_text("# Other\n\n## Here { #there }\n")
    for _ in range(2):
        result = build(root, page)
        assert result.returncode != 0
        assert "docs/index.md:3" in result.stdout and "#here" in result.stdout


def test_pages_of_a_fork_lead_to_its_sources(root, browser):
    fork = "https://github.com/someone/fork"
    (root / "docs/index.md").write_text("# T\n")
    (root / "docs/evidence/n.py").write_text("# %% [markdown]\n# # N\n")
    result = mkdocs_build(root, root / "site", repository=fork)
    assert result.returncode == 0, result.stdout
    sources = {"index.html": "index.md", "evidence/n/index.html": "evidence/n.py"}
    for page, source in sources.items():
        html = (root / "site" / page).read_text("utf-8")
        assert f'href="{fork}/edit/main/docs/{source}"' in html
        assert f'<a href="{fork}" ' in html
    # The theme would ask the host for the number of its stars.
    with served(root / "site") as address, browser.new_context() as context:
        page = watched(context.new_page())
        page.goto(address)
        page.wait_for_load_state("networkidle")
        assert page.inner_text(".md-header .md-source").strip() == "GitHub"
        assert all(url.startswith(address) for url in page.requests), page.requests
