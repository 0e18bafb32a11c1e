"""Run a page's fenced Python as one module, and compare what the page shows.

A failure names the line to edit: of the page, and of the snippet where it came from.
"""

import ast
import contextlib
import doctest
import io
import linecache
import sys
import traceback
import types
import warnings
from itertools import groupby
from pathlib import Path

from tools.pages import ROOT, Fence, Line, PageError, read, relative


class RunError(Exception):
    """A block of a page fails, or does something else than the page shows."""


class Page:
    """The blocks of one page and the module in which they run, in order."""

    def __init__(self, path: Path, root: Path = ROOT):
        self.root = root
        self.fences = read(path, root)
        # dataclasses, pickle and inspect look up the module by name.
        name = f"page_{abs(hash(path)):x}"
        self.module = sys.modules[name] = types.ModuleType(name)
        self.failure: RunError | None = None
        self._done = 0

    def run(self, number: int) -> None:
        """Run the block that begins on line `number`, after those above it.

        Raises:
            RunError: The block fails, or a block above it does.
        """
        if self.failure:
            raise self.failure
        while self._done < len(self.fences):
            fence = self.fences[self._done]
            if fence.number > number:
                return
            self._done += 1
            if fence.runs:
                after = self.fences[self._done : self._done + 1]
                shown = next((f for f in after if f.marker == "output"), None)
                try:
                    run_fence(fence, shown, vars(self.module), self.root)
                except RunError as error:
                    self.failure = error
                    raise


def run_fence(
    fence: Fence, shown: Fence | None, namespace: dict, root: Path = ROOT
) -> None:
    """Run one block, and compare it with the output block that the page shows below.

    Args:
        fence: The block to run.
        shown: The `.output` block after it, if there is one.
        namespace: Global names, shared by the blocks of a page.
        root: The folder that file names in messages are relative to.

    Raises:
        RunError: The block raises or warns and is not marked `.raises`; is marked and
            does neither; or prints something else than is shown.
    """
    printed = io.StringIO()
    message = ""
    with (
        contextlib.redirect_stdout(printed),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always" if fence.marker == "raises" else "error")
        try:
            for code in _compile(fence.lines):
                exec(code, namespace)
        except PageError:
            raise
        except Exception as error:
            if fence.marker != "raises":
                raise RunError(_report(fence, error, root)) from None
            message = "".join(traceback.format_exception_only(error))
    if fence.marker == "raises" and not message:
        if not caught:
            raise RunError(
                f"{fence.where(root)}: this block is marked .raises, and nothing was "
                "raised or warned of"
            )
        message = "".join(f"{w.category.__name__}: {w.message}\n" for w in caught)
    got = printed.getvalue() + message
    if shown is None:
        return  # a page need not show what a block prints
    if not doctest.OutputChecker().check_output(shown.source, got, doctest.ELLIPSIS):
        raise RunError(
            f"{shown.where(root)}: the page shows another output than its code gives.\n"
            f"Shown:\n{_indent(shown.source)}\nGot:\n{_indent(got)}"
        )


def _compile(lines: tuple[Line, ...]):
    """Code objects whose line numbers and file names are those of the written lines."""
    try:
        tree = ast.parse("\n".join(line.text for line in lines))
    except SyntaxError as error:
        line = lines[min(error.lineno or 1, len(lines)) - 1]
        error.filename, error.lineno = str(line.path), line.number
        raise

    def origin(statement: ast.stmt) -> str:
        return str(lines[statement.lineno - 1].path)

    parts = [(path, list(group)) for path, group in groupby(tree.body, key=origin)]
    for path, statements in parts:
        for node in (
            n for s in statements for n in ast.walk(s) if hasattr(n, "lineno")
        ):
            node.end_lineno = lines[node.end_lineno - 1].number
            node.lineno = lines[node.lineno - 1].number
        yield compile(ast.Module(statements, []), path, "exec")


def _report(fence: Fence, error: Exception, root: Path) -> str:
    """The frames that were written in this project, innermost last, and the error."""
    if isinstance(error, SyntaxError):
        linecache.checkcache(error.filename)
        frames = [traceback.FrameSummary(error.filename, error.lineno, "<module>")]
    else:
        frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f"{relative(Path(f.filename), root)}:{f.lineno}: {f.line} (in {f.name})"
        for f in frames
        if Path(f.filename).suffix in {".md", ".py"}
        and (
            Path(f.filename) == fence.page
            or (root / "snippets") in Path(f.filename).parents
        )
    ]
    what = "".join(traceback.format_exception_only(error)).strip()
    return "\n".join([f"{fence.where(root)}: this block fails", *ours, what])


def _indent(text: str) -> str:
    return "\n".join("    " + line for line in text.splitlines())
