"""What the experiments returned, for the tests of their pages."""

import functools
from types import ModuleType

from torch import Tensor

from tools import evidence
from tools.artefacts import Snippet, find


@functools.cache
def experiments() -> dict[str, Snippet]:
    """All experiments, by the names of their modules."""
    return {s.name: s for s in find() if s.verb == "experiment"}


@functools.cache
def stored(experiment: ModuleType) -> list[dict[str, Tensor]]:
    """The scores of each run."""
    snippet = experiments()[experiment.__name__]
    return evidence.runs(snippet.path, snippet.code_key)
