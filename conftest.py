"""Hands pytest-markdown-docs the site's own page reader and runner."""

import functools
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from pytest_markdown_docs._runners import register_runner

from tools.pages import read
from tools.run import Page, RunError

# Notebooks run when the site is built; importing one would run it again.
collect_ignore_glob = ["docs/*.py"]

# The models are tiny: a second thread adds waiting, and more so beside other processes.
torch.set_num_threads(1)

_page = functools.cache(Page)
_path_of_text: dict[str, Path] = {}


class _Reader:
    """What the plugin needs of a Markdown parser: fences, in the form of tokens."""

    def parse(self, text: str) -> list[SimpleNamespace]:
        if text not in _path_of_text:
            return []  # a docstring: its examples are doctests
        return [
            SimpleNamespace(
                type="fence",
                info="python" if fence.runs else "text",
                content=fence.source,
                # The plugin takes the line after the first of `map` as code's first.
                map=[fence.number - 1, fence.number - 1 + len(fence.lines)],
            )
            for fence in read(_path_of_text[text])
        ]


def pytest_collect_file(file_path: Path) -> None:
    # The plugin will hand over a page's text only, and lines are known by path.
    if file_path.suffix == ".md":
        _path_of_text[file_path.read_text("utf-8")] = file_path


def pytest_markdown_docs_markdown_it() -> _Reader:
    return _Reader()


@register_runner(default=True)
class _Runner:
    def runtest(self, test, args, *, asyncio_runner=None):
        page = _page(test.source_path)
        if page.failure:
            pytest.skip(f"a block above it fails: {page.failure}".split("\n")[0])
        page.run(test.start_line)

    def repr_failure(self, test, excinfo, style=None):
        if excinfo.errisinstance(RunError):
            return str(excinfo.value)
        return str(excinfo.getrepr(style="long"))


@pytest.fixture(autouse=True)
def _figures_are_closed():
    """Pyplot keeps each figure, and warns of too many."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")
