"""Build a recipe on a toy model, and read back what was built."""

import inspect
import re
from functools import partial

import torch
from torch import nn

from snippets.training.recipes.landmarks import landmarks
from snippets.training.recipes.nanogpt import nanogpt

KINDS = ["weight", "embedding", "position", "norm", "bias"]


def _toy() -> nn.ModuleDict:
    """Hold each kind of parameter, under the names that the recipes look for."""
    blocks = nn.ModuleList(nn.ModuleDict({"mlp": nn.Linear(8, 8)}) for _ in range(2))
    batchnorm = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    parts = {"backbone": batchnorm, "blocks": blocks, "tokens": nn.Embedding(5, 8)}
    model = nn.ModuleDict({**parts, "norm": nn.LayerNorm(8), "head": nn.Linear(8, 5)})
    for name in ("pos_embed", "absolute_pos_embed", "pos_block"):
        model.register_parameter(name, nn.Parameter(torch.zeros(1, 4, 8)))
    return model


def _kind(name: str) -> str:
    for part, kind in (("pos_", "position"), ("tokens", "embedding"), ("norm", "norm")):
        if part in name:
            return kind
    return "norm" if "backbone.1" in name else name.rpartition(".")[2]


def _said(recipe) -> dict[str, str]:
    """Return what the docstring says: length, batch, clip, confidence, source."""
    function = recipe.func if isinstance(recipe, partial) else recipe
    text = " ".join(inspect.getdoc(function).split())
    field = r"\b(Length|Batch|Clip|Confidence): (.+?)\.(?= (?:Batch|Clip|Conf|Args))"
    said = dict(re.findall(field, text))
    said["Unit"] = "".join(re.findall(r"stepped once an? (\w+)", text))
    said["Title"] = inspect.getmodule(function).__doc__.partition(":")[0]
    if isinstance(recipe, partial):  # "lr: 0.02 for Faster R-CNN, 0.01 for RetinaNet."
        cases = re.findall(r"(\d\S*) for ([^,.]+)", text.partition(" lr: ")[2])
        said["Title"] = dict(cases)[str(recipe.keywords["lr"])] + " on COCO"
    origin, commit, rest = re.search(
        r"Source: (\S+), commit (\w+), (.+)", text
    ).groups()
    paths = re.findall(r"[\w./-]+\.\w+", rest.partition(" Examples:")[0])
    own = [path for path in paths if said["Title"].split()[0] in path]
    said["Source"] = f"https://github.com/{origin}/blob/{commit}/{[*own, *paths][0]}"
    return said


def _built(recipe) -> dict:
    """Build a recipe of its published length, and find its schedule's landmarks."""
    said, model = _said(recipe), _toy()
    wanted = [p for p in inspect.signature(recipe).parameters if p != "lr"][1:]
    length = re.match(r"(\d+) (\w+?)s?\b", said["Length"])
    unit, scale = said["Unit"], 1
    if length and wanted and length[2] != unit:  # steps that are a share of the epochs
        unit, scale = length[2], 100_000
    known = bool(length) and unit == length[2]
    total = int(length[1]) * scale if known else 1_000_000
    batch = int("0" + re.match(r"\d*", said["Batch"])[0])
    options = {name: batch if name == "batch" else total for name in wanted}
    optimizer, scheduler = recipe(model, **options)
    points = [(0, 1.0)]
    if scheduler:
        last = total - 1 if unit == "epoch" and scale == 1 else total
        if hasattr(scheduler, "lr_lambdas"):
            factor = scheduler.lr_lambdas[0]
        else:
            factor = _stepped(scheduler, last).__getitem__
        points = landmarks(factor, last)
    kinds = {kind: set() for kind in KINDS}
    owner = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    for name, p in model.named_parameters():
        kinds[_kind(name)].add(owner[id(p)]["weight_decay"])
    built = {"optimizer": optimizer, "kinds": kinds, "unit": unit}
    built["total"] = int(length[1]) if known else None
    return said | built | {"points": [(step / scale, f) for step, f in points]}


def _stepped(scheduler, last: int) -> list[float]:
    factors = []
    for _ in range(last + 1):
        factors.append(scheduler.get_last_lr()[0] / scheduler.base_lrs[0])
        scheduler.optimizer.step()
        scheduler.step()
    return factors


def table() -> str:
    """Tabulate the weight decay of each kind of parameter, in nanoGPT's recipe.

    Examples:
        >>> table().splitlines()[-1]
        '| bias | 0 |'
    """
    rows = ["| parameters | weight decay |", "| --- | ---: |"]
    for kind, decays in _built(nanogpt)["kinds"].items():
        rows.append(f"| {kind} | {', '.join(f'{d:g}' for d in sorted(decays))} |")
    return "\n".join(rows)
