"""Nothing is missing: every loss, optimizer and scheduler of torch, and every topic.

What the guide does not treat yet stands on the to-do lists of `completeness.toml`. They
can only shrink: an entry that is done, or that torch does not have, fails.
"""

import tomllib

import pytest
from torch import nn, optim

from tools.pages import ROOT

LISTS = tomllib.loads((ROOT / "tests/completeness.toml").read_text("utf-8"))


def symbols_of_torch() -> set[str]:
    optimizers = {
        name
        for name, value in vars(optim).items()
        if isinstance(value, type) and issubclass(value, optim.Optimizer)
    }
    schedulers = set(optim.lr_scheduler.__all__) | {"SWALR"}
    return {
        *(f"nn.{name}" for name in dir(nn) if name.endswith("Loss")),
        *(f"optim.{name}" for name in optimizers - {"Optimizer"}),
        *(f"lr_scheduler.{name}" for name in schedulers - {"LRScheduler"}),
    }


def test_the_count_is_that_of_this_torch():
    # Guards the three rules above: an empty one would make every test below pass.
    kinds = [name.split(".")[0] for name in symbols_of_torch()]
    assert (kinds.count("nn"), kinds.count("optim")) == (23, 15)
    assert kinds.count("lr_scheduler") == 16


def test_every_symbol_is_treated_or_on_the_list():
    listed = set(LISTS["torch"]["treated"]) | set(LISTS["torch"]["todo"])
    assert symbols_of_torch() == listed


@pytest.mark.parametrize("kind", ["torch", "topics"])
def test_no_entry_is_on_both_lists(kind):
    lists = LISTS[kind]
    assert not set(lists["treated"]) & set(lists["todo"])
    assert len(lists["todo"]) == len(set(lists["todo"]))


@pytest.mark.parametrize("kind", ["torch", "topics"])
def test_what_is_treated_has_its_anchor(kind, documents):
    missing = []
    for name, link in LISTS[kind]["treated"].items():
        url, _, anchor = link.partition("#")
        page = documents.get(url)
        if not page or (anchor and anchor not in page.ids):
            missing.append(f"{name}: {link}")
    assert not missing


def test_no_todo_is_done(documents):
    """A symbol with a heading of its own on a chapter's page is treated."""
    chapters = {"nn": "losses/", "optim": "optimizers/", "lr_scheduler": "training/"}
    done = set()
    for name in LISTS["torch"]["todo"]:
        module, symbol = name.split(".")
        done |= {
            name
            for url, page in documents.items()
            if url.startswith(chapters[module])
            for _, heading in page.headings
            if symbol in heading.split()
        }
    assert not done, "move these from todo to treated, with their anchors"
