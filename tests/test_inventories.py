"""Every loss, optimizer and schedule of the installed torch links to its documentation."""

import inspect
import re
import sys
import zlib
from pathlib import Path

import pytest
import torch
from mkdocstrings import Inventory
from torch import nn, optim
from torch.nn import functional as F
from torch.optim import lr_scheduler

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tools/inventories"
PROJECTS = ("torch", "python", "numpy", "matplotlib")
RELEASE = ".".join(torch.__version__.split(".")[:2])
BASE = f"https://docs.pytorch.org/docs/{RELEASE}/"

LOSSES = [
    f"torch.nn.{name}"
    for name in dir(nn)
    if name.endswith("Loss") or name == "AdaptiveLogSoftmaxWithLoss"
]
OPTIMIZERS = [
    f"torch.optim.{name}"
    for name, thing in vars(optim).items()
    if inspect.isclass(thing) and issubclass(thing, optim.Optimizer)
]
SCHEDULERS = [
    f"torch.optim.lr_scheduler.{name}"
    for name, thing in vars(lr_scheduler).items()
    if inspect.isclass(thing)
    and issubclass(thing, lr_scheduler.LRScheduler)
    and not name.startswith("_")
]
FUNCTIONS = [
    f"torch.nn.functional.{name}"
    for name in dir(F)
    if re.search(r"_loss$|cross_entropy|^kl_div$|_loss_", name)
]


def load(project):
    with (FOLDER / f"{project}.inv").open("rb") as file:
        return Inventory.parse_sphinx(file)


@pytest.fixture(scope="module")
def inventories():
    return {project: load(project) for project in PROJECTS}


@pytest.mark.parametrize("name", LOSSES + OPTIMIZERS + SCHEDULERS + FUNCTIONS)
def test_a_class_or_function_has_its_page(name, inventories):
    entry = inventories["torch"][name]
    page = "optim" if name == "torch.optim.Optimizer" else f"generated/{name}"
    assert entry.uri == f"{page}.html#{name}"


def test_these_are_all():
    assert len(LOSSES) >= 22 and len(FUNCTIONS) >= 22
    assert len(OPTIMIZERS) >= 16 and len(SCHEDULERS) >= 16


@pytest.mark.parametrize(
    ("project", "name", "address"),
    [
        ("torch", "torch.nn", "nn.html"),
        ("torch", "torch.optim", "optim.html"),
        ("torch", "torch.distributions", "distributions.html"),
        ("torch", "torch.Tensor", "tensors.html#torch.Tensor"),
        ("torch", "torch.device", "tensor_attributes.html#torch.device"),
        ("torch", "torch.autocast", "amp.html#torch.autocast"),
        (
            "torch",
            "torch.distributions.normal.Normal",
            "distributions.html#torch.distributions.normal.Normal",
        ),
        (
            "torch",
            "torch.distributions.Normal",
            "distributions.html#torch.distributions.normal.Normal",
        ),
        (
            "torch",
            "torch.nn.utils.clip_grad_norm_",
            "generated/torch.nn.utils.clip_grad_norm_.html"
            "#torch.nn.utils.clip_grad_norm_",
        ),
        (
            "torch",
            "torch.nn.Module.train",
            "generated/torch.nn.Module.html#torch.nn.Module.train",
        ),
        (
            "torch",
            "torch.optim.Optimizer.step",
            "generated/torch.optim.Optimizer.step.html#torch.optim.Optimizer.step",
        ),
        (
            "torch",
            "torch.Tensor.backward",
            "generated/torch.Tensor.backward.html#torch.Tensor.backward",
        ),
        (
            "torch",
            "torch.utils.data.DataLoader",
            "data.html#torch.utils.data.DataLoader",
        ),
        ("python", "ValueError", "library/exceptions.html#ValueError"),
        ("python", "typing.Literal", "library/typing.html#typing.Literal"),
        (
            "numpy",
            "numpy.ndarray",
            "reference/generated/numpy.ndarray.html#numpy.ndarray",
        ),
        (
            "matplotlib",
            "matplotlib.figure.Figure",
            "api/_as_gen/matplotlib.figure.Figure.html#matplotlib.figure.Figure",
        ),
    ],
)
def test_objects_that_pages_name(project, name, address, inventories):
    assert inventories[project][name].uri == address


def test_every_entry_of_torch_is_an_object_of_the_installed_torch(inventories):
    import torch.distributed.fsdp
    import torch.func
    import torch.utils.checkpoint

    # A function of the same name hides this module from its package.
    hidden = sys.modules["torch.autograd.gradcheck"]
    for name in inventories["torch"]:
        if name == "torch":
            continue
        thing, path = torch, name.removeprefix("torch.")
        if path.startswith("autograd.gradcheck."):
            thing, path = hidden, path.rpartition(".")[2]
        for part in path.split("."):
            thing = getattr(thing, part)


@pytest.mark.parametrize("project", PROJECTS)
def test_an_inventory_is_small_and_holds_python_objects_only(project, inventories):
    content = (FOLDER / f"{project}.inv").read_bytes()
    assert len(content) < 100_000
    lines = zlib.decompress(content.split(b"\n", 4)[4]).decode().splitlines()
    assert all(re.fullmatch(r"\S+ py:\w+ -?1 \S+ .+", line) for line in lines)
    assert len(lines) == len(inventories[project])


def test_the_site_links_to_the_documentation_of_the_installed_torch():
    config = (ROOT / "mkdocs.yml").read_text("utf-8")
    assert "tools/inventories/torch.inv" in config
    assert BASE in config
