"""Doctest every snippet, and turn each `figure()` and `table()` into a file.

An `experiment(run)` is not run here: `tools.evidence` stored what it returned, of which
its `figure(scores)` and its `findings(scores)` become a picture and a table.

Results are stored under a key of all that they depend on: the snippet, the snippets
that it imports, the style, and the versions of Python, torch and matplotlib. What has a
result is not run again, and then neither torch nor matplotlib is imported.
"""

import ast
import doctest
import functools
import gc
import hashlib
import importlib
import importlib.metadata
import io
import itertools
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from tools import evidence
from tools.pages import ROOT
from tools.style import MATPLOTLIBRC

VERBS = {"figure", "table"}
# Stands in a drawn figure for what is seen, which the page that shows it says.
ALT = "alternative-text"


class ArtefactError(Exception):
    """Snippets that fail; the message names file and line of each failure."""


@dataclass(frozen=True)
class Snippet:
    """One file of `snippets/`.

    Attributes:
        path: The file.
        name: Its dotted name, `snippets.losses.regression.curves`.
        verb: `figure`, `table` or `experiment` where it defines one, else `""`.
        key: Hash of all that its result depends on.
        code_key: Of an experiment, hash of the code that the stored results depend on.
    """

    path: Path
    name: str
    verb: str
    key: str
    code_key: str

    @property
    def place(self) -> str:
        """Where its results join the site, without ending: `losses/regression/curves`."""
        return self.name.removeprefix("snippets.").replace(".", "/")


def find(root: Path = ROOT) -> list[Snippet]:
    """All snippets below `root`, in order of their paths.

    Raises:
        ArtefactError: A file that is not Python, one with both verbs, or an import of a
            snippet that does not exist.
    """
    trees: dict[str, ast.Module] = {}
    paths: dict[str, Path] = {}
    for path in sorted((root / "snippets").rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        try:
            trees[name] = ast.parse(path.read_text("utf-8"))
        except SyntaxError as error:
            where = f"{path.relative_to(root)}:{error.lineno}"
            raise ArtefactError(f"{where}: {error.msg}") from None
        paths[name] = path

    imports = functools.cache(_imports)  # to walk a tree takes long
    for name, tree in trees.items():
        for other, line in imports(tree):
            if other not in trees:
                where = f"{paths[name].relative_to(root)}:{line}"
                raise ArtefactError(
                    f"{where}: there is no snippet {other}; import from the file, "
                    "as in `from snippets.losses.regression.huber import huber`"
                )

    code = functools.cache(lambda name: evidence.code(trees[name]))
    snippets = []
    for name, tree in trees.items():
        verb = _verb(tree, paths[name].relative_to(root))
        needed = _closure(name, trees.get, imports)
        sources = [paths[other].read_text("utf-8") for other in needed]
        code_key = ""
        if verb == "experiment":
            programs = map(ast.unparse, _closure(name, code, imports).values())
            code_key = _hash(importlib.metadata.version("torch"), name, *programs)
            sources.append(json.dumps(evidence.read(paths[name])))
        key = _hash(*_environment(), name, *sources)
        snippets.append(Snippet(paths[name], name, verb, key, code_key))
    return snippets


def _closure(
    name: str,
    tree: Callable[[str], ast.Module],
    imports: Callable[[ast.Module], list[tuple[str, int]]],
) -> dict[str, ast.Module]:
    """The trees of the snippet and of all that it imports, directly or not, by name."""
    found: dict[str, ast.Module] = {}
    unseen = [name]
    while unseen:
        other = unseen.pop()
        if other not in found:
            found[other] = tree(other)
            unseen += [n for n, _ in imports(found[other])]
    return dict(sorted(found.items()))


def _verb(tree: ast.Module, where: Path) -> str:
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    if "experiment" in defined:
        if missing := sorted({"figure", "findings"} - defined):
            raise ArtefactError(f"{where}: define {missing[0]}(scores), too")
        return "experiment"
    verbs = sorted(defined & VERBS)
    if len(verbs) > 1:
        raise ArtefactError(f"{where}: define figure() or table(), not both")
    return "".join(verbs)


def key_of_text(text: str, snippets: list[Snippet]) -> str:
    """Hash of all that the result of a program (a notebook) depends on.

    The program names the snippets that it imports in full, as in
    `from snippets.losses.regression.huber import huber`.
    """
    imported = [snippet.key for snippet in snippets if snippet.name in text]
    return _hash(*_environment(), text, *imported)


def _imports(tree: ast.Module) -> list[tuple[str, int]]:
    """The snippets that a program imports, each with the line."""
    found = []
    blocks = [tree]  # of statements; no import stands in an expression
    while blocks:
        node = blocks.pop()
        names = []
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found += [(n, node.lineno) for n in names if n.split(".")[0] == "snippets"]
        if not isinstance(node, ast.expr):
            blocks += ast.iter_child_nodes(node)
    return found


@functools.cache
def _environment() -> tuple[str, ...]:
    """What every result depends on: these tools, and the versions of the others."""
    folder = Path(__file__).parent
    tools = [
        (folder / f"{name}.py").read_text("utf-8")
        for name in ("artefacts", "evidence", "style", "svg")
    ]
    packages = [importlib.metadata.version(name) for name in ("torch", "matplotlib")]
    return (*tools, platform.python_version(), *packages)


def _hash(*parts: str) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


def build(
    snippets: list[Snippet],
    cache: Path,
    root: Path = ROOT,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, str]:
    """Run what has no stored result, and return every result.

    Args:
        snippets: All snippets, as `find` gives them.
        cache: Folder of the stored results; made where it is missing.
        root: Folder that holds `snippets/`.
        report: Called with a line for each snippet that is run.

    Returns:
        Text by the path under which it joins the site: of a table, Markdown
        (`losses/regression/contract.md`); of a figure, the picture as a file
        (`losses/regression/curves.svg`) and as part of a page (`….html`); of doctests,
        how many examples ran (`….examples`).

    Raises:
        ArtefactError: Snippets that fail, all of them in one message. Results of the
            others are stored all the same.
    """
    results = {snippet: load(stored(cache, snippet)) for snippet in snippets}
    todo = [snippet for snippet, result in results.items() if result is None]
    failures = []
    if todo:
        report(f"running {len(todo)} of {len(snippets)} snippets")
    for done, (snippet, result, failure, seconds) in enumerate(_run(todo, root), 1):
        line = f"{done}/{len(todo)} {snippet.path.relative_to(root)} ({seconds:.1f} s)"
        report(line + (": failed" if failure else ""))
        if failure:
            failures.append(failure)
        else:
            store(stored(cache, snippet), result)
            results[snippet] = result
    if failures:
        raise ArtefactError("\n".join(sorted(failures)))
    _prune(cache, snippets)
    return {
        snippet.place + ending: text
        for snippet, result in results.items()
        for ending, text in result.items()
    }


def stored(cache: Path, snippet: Snippet) -> Path:
    """The file of `cache` that holds the results of a snippet as it is now."""
    return cache / f"{snippet.name}.{snippet.key[:16]}"


def load(path: Path) -> dict | None:
    """What `store` wrote, or None where there is nothing, or nothing whole."""
    try:
        check, _, text = path.read_text("utf-8").partition("\n")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
    return json.loads(text) if check == _hash(text) else None


def store(path: Path, value: dict) -> None:
    """Write a value so that damage to the file is noticed."""
    text = json.dumps(value)
    write(path, f"{_hash(text)}\n{text}".encode())


def write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, also when two processes write it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


def _prune(cache: Path, snippets: list[Snippet]) -> None:
    current = {stored(cache, snippet).name for snippet in snippets}
    for path in cache.glob("*"):
        # A hidden file is one that another build is writing, unless it is old.
        writing = (
            path.name.startswith(".") and time.time() - path.stat().st_mtime < 3600
        )
        if path.name not in current and not writing:
            path.unlink(missing_ok=True)


def _run(todo: list[Snippet], root: Path):
    """Yield each snippet with its result or failure, and seconds, as they finish."""
    if not todo:
        return
    os.environ["OMP_NUM_THREADS"] = "1"  # else workers fight for the cores
    context = multiprocessing.get_context("forkserver")
    # Those of a folder import each other, and so share what they prepare.
    groups = [
        list(group) for _, group in itertools.groupby(todo, lambda s: s.path.parent)
    ]
    # One process imports these once, and every folder gets a fresh fork of it.
    preload = ["torch", "matplotlib.pyplot"]
    if len(groups) > 2:
        # Not all need these; the first step of any optimizer imports torch._dynamo.
        preload += ["torch._dynamo", "sklearn.datasets"]
    context.set_forkserver_preload(preload)
    with ProcessPoolExecutor(
        os.cpu_count(), mp_context=context, max_tasks_per_child=1
    ) as pool:
        running = {pool.submit(_work, group, str(root)): group for group in groups}
        try:
            for future in as_completed(running):
                try:
                    results = future.result()
                except BrokenProcessPool:
                    what = "a worker process died while this ran or waited to run"
                    results = [
                        ({}, f"{s.path.relative_to(root)}: {what}", 0.0)
                        for s in running[future]
                    ]
                for snippet, result in zip(running[future], results, strict=True):
                    yield snippet, *result
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _work(
    snippets: list[Snippet], root: str
) -> list[tuple[dict[str, str], str, float]]:
    """In a worker: `_make` the snippets of a folder, each as if it were the first."""
    # A collection would visit, and so copy, all that the fork shares with its parent.
    gc.freeze()
    import matplotlib
    import matplotlib.pyplot as plt
    import torch

    sys.path.insert(0, root)
    os.environ["SOURCE_DATE_EPOCH"] = "0"  # matplotlib's dates
    matplotlib.use("svg")
    torch.set_num_threads(1)
    chance = torch.get_rng_state()
    made = []
    with tempfile.NamedTemporaryFile("w", suffix="matplotlibrc") as settings:
        settings.write(MATPLOTLIBRC)
        settings.flush()
        for snippet in snippets:
            matplotlib.rc_file(settings.name)
            torch.set_rng_state(chance)
            made.append(_make(snippet, root))
            plt.close("all")
    return made


def _make(snippet: Snippet, root: str) -> tuple[dict[str, str], str, float]:
    """Doctest a module and call its verb. Returns result, failure and seconds."""
    start = time.perf_counter()
    name, verb = snippet.name, snippet.verb
    result: dict[str, str] = {}
    failure = ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            module = importlib.import_module(name)
            if verb in VERBS:  # the doctests may ask for the same table or figure
                setattr(module, verb, functools.cache(getattr(module, verb)))
            failure, examples = _doctest(module, root)
            if verb == "experiment" and not failure:
                result = _read_out(module, snippet)
            elif verb and not failure:
                result = _call(getattr(module, verb), verb, name)
            if examples:
                result[".examples"] = str(examples)
        except Exception as error:
            failure = _report(error, name, root)
    return result, failure, time.perf_counter() - start


def _call(function: Callable, verb: str, name: str) -> dict[str, str]:
    result = function()
    if verb == "table":
        if not isinstance(result, str):
            raise TypeError(f"table() returns Markdown as str, got {type(result)}")
        return {".md": result.strip() + "\n"}
    return _picture(result, name)


def _read_out(module, snippet: Snippet) -> dict[str, str]:
    """Picture and table of an experiment's stored results."""
    runs = evidence.runs(snippet.path, snippet.code_key)
    findings = [module.findings(scores) for scores in runs]
    table = {".md": evidence.table(findings) + "\n"}
    return table | _picture(module.figure(runs[0]), snippet.name)


def _picture(result, name: str) -> dict[str, str]:
    from matplotlib.figure import Figure

    from tools.svg import inline, standalone

    if not isinstance(result, Figure):
        raise TypeError(f"figure() returns a matplotlib Figure, got {type(result)}")
    file = io.BytesIO()
    result.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    svg = file.getvalue().decode()
    ident = name.rpartition(".")[2].replace("_", "-")
    return {".svg": standalone(svg), ".html": inline(svg, ALT, ident)}


def _doctest(module, root: str) -> tuple[str, int]:
    """Failures of a module's examples, and how many examples ran."""
    failures = []

    class Runner(doctest.DocTestRunner):
        def report_failure(self, out, test, example, got):
            self._add(test, example, f"got:\n{_indent(got)}")

        def report_unexpected_exception(self, out, test, example, exc_info):
            what = "".join(traceback.format_exception_only(exc_info[1]))
            self._add(test, example, f"raised:\n{_indent(what)}")

        def _add(self, test, example, what):
            path = Path(module.__file__).relative_to(root)
            line = (test.lineno or 0) + example.lineno + 1
            failures.append(
                f"{path}:{line}: a doctest fails\n{_indent(example.source)}"
                f"expected:\n{_indent(example.want)}{what}".rstrip()
            )

    runner = Runner(verbose=False)
    for test in doctest.DocTestFinder().find(module):
        runner.run(test, out=lambda text: None)
    return "\n".join(failures), runner.tries


def _report(error: Exception, name: str, root: str) -> str:
    folder = os.path.join(root, "snippets") + os.sep
    frames = [
        f"{os.path.relpath(frame.filename, root)}:{frame.lineno}: {frame.line}"
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(folder)
    ]
    what = "".join(traceback.format_exception_only(error)).strip()
    file = name.replace(".", "/") + ".py"
    # Innermost first: that line is the one to look at.
    return "\n".join([*reversed(frames)] or [file]) + "\n" + _indent(what).rstrip()


def _indent(text: str) -> str:
    return "".join(f"    {line}\n" for line in text.splitlines())
