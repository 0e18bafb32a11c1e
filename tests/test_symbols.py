"""The symbol index is complete, and leads to the sections that treat the symbols."""

import re

from tests.test_completeness import LISTS, symbols_of_torch
from tools import symbols
from tools.pages import ROOT

PAGE = "reference/symbols/"
ROW = re.compile(r"^\| `([\w.]+)` \| \[[^\]]+\]\(\.\./([^)]+)\)", re.MULTILINE)
PLACES = {
    name: link.replace(".md", "/")
    for table in symbols.index().values()
    for name, link in ROW.findall(table)
}
MODULES = {"nn": "torch.nn", "optim": "torch.optim"}
MODULES["lr_scheduler"] = "torch.optim.lr_scheduler"


def full(name: str) -> str:
    module, _, symbol = name.partition(".")
    module = "torch.optim.swa_utils" if symbol == "SWALR" else MODULES[module]
    return f"{module}.{symbol}"


def test_every_loss_optimizer_and_scheduler_of_torch_is_listed():
    assert {full(name) for name in symbols_of_torch()} <= set(PLACES)


def test_functions_and_utilities_are_listed():
    names = """torch.nn.functional.cross_entropy torch.nn.functional.huber_loss
    torch.nn.utils.clip_grad_norm_ torch.amp.GradScaler torch.amp.autocast torch.compile
    torch.optim.swa_utils.AveragedModel torch.utils.checkpoint torch.load"""
    assert set(names.split()) <= set(PLACES)
    # Words that are the name of something else in torch.
    assert not {"torch.seed", "torch.gradient", "torch.sigmoid"} & set(PLACES)


def test_a_symbol_leads_where_the_guide_treats_it():
    wrong = {
        name: PLACES[full(name)]
        for name, link in LISTS["torch"]["treated"].items()
        if PLACES[full(name)].partition("#")[0] != link.partition("#")[0]
    }
    # It has a heading of its own on each of two pages.
    assert set(wrong) <= {"lr_scheduler.SWALR"}
    sections = [name for name in LISTS["torch"]["treated"] if "#" in PLACES[full(name)]]
    assert len(sections) > 45


def test_the_tables_are_on_the_page_and_can_be_filtered(open_page, documents):
    assert len(documents[PAGE].links) > len(PLACES)
    page = open_page(PAGE)
    assert page.locator("tbody tr").count() == len(PLACES)
    page.get_by_label("Filter the tables").fill("clip_grad_norm_")
    rows = page.locator("tbody tr:visible")
    assert rows.count() == 1
    assert rows.get_by_role("link").first.inner_text() == "Gradient clipping"


def test_places_and_users_come_from_headings_tags_and_text(tmp_path):
    (tmp_path / "tools/inventories").mkdir(parents=True)
    inventory = ROOT / "tools/inventories/torch.inv"
    (tmp_path / "tools/inventories/torch.inv").write_bytes(inventory.read_bytes())
    pages = {
        "losses/a.md": (
            "A",
            "[x, F.mse_loss]",
            "`F.mse_loss` seed [x][torch.seed_all]",
        ),
        "losses/b.md": ("B", "[F.mse_loss, L1Loss]", "nn.L1Loss(), nn.L1Loss"),
        "losses/c.md": ("C", "[x]", "### L1Loss { #l1 }"),
        "choose/d.md": ("D", "[HuberLoss, seed]", "torch.nn.L1Loss. MyL1Loss"),
    }
    for path, (title, tags, text) in pages.items():
        file = tmp_path / "docs" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"---\ntitle: {title}\ntags: {tags}\n---\n\n{text}\n")
    tables = symbols.index(tmp_path)
    assert tables["losses"].splitlines()[2:] == [
        "| `torch.nn.L1Loss` | [C](../losses/c.md#l1) "
        "| [B](../losses/b.md), [D](../choose/d.md) |"
    ]
    assert tables["functions"].splitlines()[2:] == [
        "| `torch.nn.functional.mse_loss` | [B](../losses/b.md) | [A](../losses/a.md) |"
    ]
    assert tables["others"].splitlines()[2:] == []
