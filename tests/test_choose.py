"""The choosers: each answer is complete, its code runs alone, all chapters are reached."""

import posixpath
import re

import pytest
import torch
from bs4 import BeautifulSoup

from tools.pages import ROOT, read

PAGES = {path.stem: path for path in sorted((ROOT / "docs/choose").glob("*.md"))}
ANSWER = re.compile(
    r'<details id="(?P<id>[\w-]+)" class="answer" markdown>\n'
    r"<summary>(?P<text>[^<]+)</summary>\n\n"
    r"(?P<advice>.*?)\n\n```python\n(?P<code>.*?)```\n\n"
    r"(?P<others>.*?)\n\n(?P<links>.*?)\n\n</details>",
    re.DOTALL,
)
ANSWERS = {
    (page, found["id"]): found
    for page, path in PAGES.items()
    for found in ANSWER.finditer(path.read_text("utf-8"))
}
# What each answer's code may use: the first block of its page.
SETUP = {page: read(path)[0].source for page, path in PAGES.items()}
# Chapters that no answer has to name: tables of all, and what concerns every choice.
OTHERS = {
    "losses": {"comparisons.md", "gallery.md"},
    "optimizers": {"reference.md", "trajectories.md", "custom.md"},
}
every = pytest.mark.parametrize("page, name", ANSWERS)


@pytest.mark.parametrize("page", PAGES)
def test_every_end_of_the_tree_is_an_answer(page):
    tree = BeautifulSoup(PAGES[page].read_text("utf-8"), "html.parser")
    ends = {d["id"] for d in tree.find_all("details") if not d.find("details")}
    assert len(ends) > 10
    assert ends == {name for where, name in ANSWERS if where == page}


@pytest.mark.parametrize("page", PAGES)
def test_every_branch_asks_a_question(page):
    text = PAGES[page].read_text("utf-8")
    branches = re.findall(
        r'<details id="[\w-]+" markdown>\n<summary>.*\n\n(.*)\n(.*)', text
    )
    assert len(branches) >= 2
    for question, mark in branches:
        assert question.endswith("?") and mark == "{ .question }"


@every
def test_an_answer_recommends_rejects_and_links(page, name):
    answer = ANSWERS[page, name]
    assert re.match(r"\*\*.+?\*\*", answer["advice"])
    assert answer["others"].startswith("Not ")
    assert re.search(r"\]\(\.\./(losses|optimizers|training)/\w+\.md", answer["links"])
    assert f"(#{name})" in answer["links"]


def run(page: str, name: str) -> dict:
    torch.manual_seed(0)
    program = {}
    exec(f"{SETUP[page]}\n{ANSWERS[page, name]['code']}", program)
    return program


@pytest.mark.parametrize("name", [name for page, name in ANSWERS if page == "loss"])
def test_code_of_a_loss_runs_alone(name):
    program = run("loss", name)
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


@pytest.mark.parametrize(
    "name", [name for page, name in ANSWERS if page == "optimizer"]
)
def test_code_of_an_optimizer_moves_all_that_it_was_given(name):
    program = run("optimizer", name)
    optimizers = program.get("optimizers", [program.get("optimizer")])
    if isinstance(optimizers, dict):
        optimizers = [program["optimizer"]]
    groups = [group for o in optimizers for group in o.param_groups]
    given = [p for group in groups for p in group["params"]]
    assert len(given) == len(set(given)) > 0
    before = [p.detach().clone() for p in given]

    def closure():
        for optimizer in optimizers:
            optimizer.zero_grad()
        model, table = program["model"], program.get("table")
        loss = program["criterion"](model(program["inputs"]), program["labels"])
        if table:
            loss = loss + table(torch.tensor([0, 7])).sum()
        loss.backward()
        return loss

    for optimizer in optimizers:
        if hasattr(optimizer, "train"):
            optimizer.train()
        optimizer.step(closure)
    for p, old in zip(given, before, strict=True):
        assert p.isfinite().all() and not p.equal(old)


# The rate after the last step over the highest, where `steps` end the run.
ENDS = {
    "from-scratch": 0.1,
    "published-recipe": 0.01,
    "fine-tuning": 0.0,
    "short-run": 0.0,
    "anything-else": 0.0,
    "decide-later": 0.0,
    "validation": 0.5**16,
    "any-time": 1.0,
    "inverse-root": 0.31,
    "reinforcement": 0.0,
}


@pytest.mark.parametrize("name", [name for page, name in ANSWERS if page == "schedule"])
def test_code_of_a_schedule_begins_and_ends_as_it_says(name):
    program = run("schedule", name)
    optimizer, scheduler = program["optimizer"], program["scheduler"]
    if name == "none":
        assert scheduler is None
        return
    assert scheduler.optimizer is optimizer
    rates = []
    for _ in range(program["steps"]):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        metric = [0.7] if name == "validation" else []
        scheduler.step(*metric)
    assert min(rates) > 0
    last = optimizer.param_groups[0]["lr"] / max(rates)
    assert last == pytest.approx(ENDS[name], abs=0.01)


@pytest.mark.parametrize("section", OTHERS)
def test_every_chapter_is_reached(section):
    text = "".join(path.read_text("utf-8") for path in PAGES.values())
    links = {
        posixpath.basename(link)
        for link in re.findall(rf"\]\(\.\./{section}/(\w+\.md)", text)
    }
    pages = {path.name for path in (ROOT / "docs" / section).glob("*.md")}
    assert links >= pages - OTHERS[section]


@pytest.mark.parametrize("page", PAGES)
def test_shown_code_is_that_of_the_answers(page):
    shown = "\n".join(fence.source for fence in read(PAGES[page]))
    for (where, _), answer in ANSWERS.items():
        assert where != page or answer["code"] in shown
