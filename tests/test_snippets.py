"""What every snippet promises: it is one idea, shown on its page, and runs alone."""

import ast
import doctest
import importlib.util
import inspect
import re
import shutil
import sys

import pytest

from tools.artefacts import find
from tools.pages import ROOT, read

SNIPPETS = find()
PAGES = sorted((ROOT / "docs").rglob("*.md"))
# The one file that is a tool and not an idea: readers want it in one piece.
LENGTH = {"troubleshoot/doctor/doctor.py": 860}
EXPERIMENT = ["experiment", "findings", "figure"]
THIRD_PARTY = {"torch", "matplotlib", "sklearn"}


def ident(snippet) -> str:
    return snippet.path.relative_to(ROOT / "snippets").as_posix()


every = pytest.mark.parametrize("snippet", SNIPPETS, ids=ident)


def public(tree: ast.Module) -> list[ast.stmt]:
    kinds = ast.FunctionDef, ast.ClassDef
    return [n for n in tree.body if isinstance(n, kinds) and not n.name.startswith("_")]


def imports(tree: ast.Module) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module)
    return {name.split(".")[0] for name in names}


@pytest.fixture(scope="module")
def shown() -> dict[str, set[str]]:
    """The snippets that each page shows, by the page's path without its ending."""
    found = {}
    for page in PAGES:
        lines = {str(line.path) for fence in read(page) for line in fence.lines}
        found[page.relative_to(ROOT / "docs").with_suffix("").as_posix()] = lines
    return found


@every
def test_shown_on_the_page_that_owns_its_folder(snippet, shown):
    owner = ident(snippet).rpartition("/")[0]
    assert owner in shown, f"no page docs/{owner}.md owns this folder"
    assert str(snippet.path) in shown[owner], f"docs/{owner}.md does not include it"


@every
def test_one_idea(snippet):
    text = snippet.path.read_text("utf-8")
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree) or ""
    assert re.fullmatch(r"[A-Z`\"(].*\.", docstring.split("\n\n")[0], re.DOTALL)
    assert "\n\n" not in docstring, "the module docstring is one sentence"
    names = [node.name for node in public(tree)]
    if snippet.verb == "experiment":
        assert names == EXPERIMENT
    else:
        assert len(names) == 1, f"one public function or class, got {names}"
    longest = 160 if snippet.verb == "experiment" else 110
    assert max(map(len, text.splitlines())) <= 88
    assert len(text.splitlines()) <= LENGTH.get(ident(snippet), longest)


@every
def test_imports_nothing_that_a_reader_lacks(snippet):
    tree = ast.parse(snippet.path.read_text("utf-8"))
    allowed = THIRD_PARTY | set(sys.stdlib_module_names)
    # An experiment returns data, and belongs to a figure or a table that draws it.
    if snippet.verb:
        allowed |= {"snippets", "numpy"}
    assert imports(tree) <= allowed
    forbidden = {"open", "exec", "eval", "__import__", "import_module"}
    called = {
        n.func.id
        for n in ast.walk(tree)
        if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)
    }
    assert not called & forbidden


@every
def test_docstring_tells_what_a_caller_must_know(snippet):
    nodes = public(ast.parse(snippet.path.read_text("utf-8")))
    assert all(map(ast.get_docstring, nodes)), "each public object has a docstring"
    if snippet.verb:
        return
    (node,) = nodes
    text = ast.get_docstring(node)
    assert ">>> " in text, "Examples: state a property as a doctest"
    assert "Source:" in text, "a paper and equation, or a torch symbol"
    function = node
    if isinstance(node, ast.ClassDef):
        methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef)}
        function = methods.get("__init__") or methods.get("forward")
    if function is None:  # a dataclass
        fields = [n.target.id for n in node.body if isinstance(n, ast.AnnAssign)]
        assert fields and all(f"{field}:" in text for field in fields)
        return
    arguments = function.args.posonlyargs + function.args.args
    arguments += function.args.kwonlyargs
    for argument in arguments:
        if argument.arg != "self":
            assert argument.annotation, f"{argument.arg} has no type"
            assert f"{argument.arg}:" in text, f"Args: does not tell of {argument.arg}"


class _OnlyTheFile:
    """Makes the project's packages unimportable, as in a reader's empty folder."""

    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"snippets", "tools", "tests"}:
            raise ModuleNotFoundError(name)


@pytest.mark.parametrize("snippet", [s for s in SNIPPETS if not s.verb], ids=ident)
def test_runs_alone_in_an_empty_folder(snippet, tmp_path, monkeypatch):
    copy = shutil.copy(snippet.path, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "meta_path", [_OnlyTheFile(), *sys.meta_path])
    hidden = [n for n in sys.modules if n.split(".")[0] in {"snippets", "tools"}]
    for name in hidden:
        monkeypatch.delitem(sys.modules, name)
    spec = importlib.util.spec_from_file_location(snippet.path.stem, copy)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    results = doctest.testmod(module)
    assert results.attempted > 0
    assert results.failed == 0
    assert [p.name for p in tmp_path.iterdir() if p.name != "__pycache__"] == [
        snippet.path.name
    ], "a snippet writes no file"


def test_the_reference_lists_every_public_object():
    pages = (ROOT / "docs/reference/snippets").glob("*.md")
    text = "".join(page.read_text("utf-8") for page in pages)
    listed = re.findall(r"^::: (\S+)$", text, re.MULTILINE)
    expected = [
        f"{s.name}.{public(ast.parse(s.path.read_text('utf-8')))[0].name}"
        for s in SNIPPETS
        if not s.verb
    ]
    assert sorted(listed) == sorted(expected)


def test_page_names_can_be_imported():
    for page in PAGES:
        assert inspect.getmodulename(page.name) is None
        parts = page.relative_to(ROOT / "docs").with_suffix("").parts
        assert all(part.isidentifier() and part.islower() for part in parts), page
