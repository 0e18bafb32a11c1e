"""The chooser: each answer is complete, its code runs alone, all chapters are reached."""

import posixpath
import re

import pytest
import torch
from bs4 import BeautifulSoup

from tools.pages import ROOT, read

PAGE = ROOT / "docs/choose/loss.md"
ANSWER = re.compile(
    r'<details id="(?P<id>[\w-]+)" class="answer" markdown>\n'
    r"<summary>(?P<text>[^<]+)</summary>\n\n"
    r"(?P<advice>.*?)\n\n```python\n(?P<code>.*?)```\n\n"
    r"(?P<others>.*?)\n\n(?P<links>.*?)\n\n</details>",
    re.DOTALL,
)
ANSWERS = {found["id"]: found for found in ANSWER.finditer(PAGE.read_text("utf-8"))}
every = pytest.mark.parametrize("name", ANSWERS)


def test_every_end_of_the_tree_is_an_answer():
    tree = BeautifulSoup(PAGE.read_text("utf-8"), "html.parser")
    ends = {d["id"] for d in tree.find_all("details") if not d.find("details")}
    assert len(ends) > 30
    assert ends == set(ANSWERS)


def test_every_branch_asks_a_question():
    text = PAGE.read_text("utf-8")
    branches = re.findall(
        r'<details id="[\w-]+" markdown>\n<summary>.*\n\n(.*)\n(.*)', text
    )
    assert len(branches) >= 6
    for question, mark in branches:
        assert question.endswith("?") and mark == "{ .question }"


@every
def test_an_answer_recommends_rejects_and_links(name):
    answer = ANSWERS[name]
    assert re.match(r"\*\*.+?\*\*", answer["advice"])
    assert answer["others"].startswith("Not ")
    assert re.search(r"\]\(\.\./losses/\w+\.md", answer["links"])
    assert f"(#{name})" in answer["links"]


@every
def test_its_code_runs_alone(name):
    torch.manual_seed(0)
    program = {}
    exec("import torch\nfrom torch import nn\n" + ANSWERS[name]["code"], program)
    if name == "calibrated":
        assert program["probability"].sum(dim=1).allclose(torch.ones(200))
        return
    loss = program["loss"]
    assert loss.shape == () and loss.isfinite()
    leaves = [
        v for v in program.values() if getattr(v, "requires_grad", 0) and v.is_leaf
    ]
    gradients = torch.autograd.grad(loss, leaves)
    assert gradients and all(g.isfinite().all() for g in gradients)
    assert any(g.abs().sum() > 0 for g in gradients)


def test_every_chapter_is_reached():
    links = {
        posixpath.basename(link)
        for link in re.findall(r"\]\(\.\./losses/(\w+\.md)", PAGE.read_text("utf-8"))
    }
    # Not chapters: the same losses side by side, and all of their curves.
    others = {"comparisons.md", "gallery.md"}
    assert (
        links == {page.name for page in PAGE.parent.parent.glob("losses/*.md")} - others
    )


def test_shown_code_is_that_of_the_answers():
    shown = "\n".join(fence.source for fence in read(PAGE))
    for answer in ANSWERS.values():
        assert answer["code"] in shown
