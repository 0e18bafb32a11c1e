"""Where the recipes disagree, collected from what they build."""

import re

from snippets.training.recipes.images import TASKS as IMAGES
from snippets.training.recipes.images import _number
from snippets.training.recipes.read_back import _built
from snippets.training.recipes.sequences import TASKS as SEQUENCES


def _kind_decays(built: dict, kind: str) -> str:
    decays = built["kinds"][kind]
    if max(max(values) for values in built["kinds"].values()) == 0:
        return ""
    return "no" if 0 in decays else "yes"


def _answers(built: dict, has_tokens: bool) -> dict[str, str]:
    optimizer = built["optimizer"]
    betas = optimizer.defaults.get("betas")
    adamw = type(optimizer).__name__ == "AdamW"
    highest = max(max(values) for values in built["kinds"].values())
    return {
        "AdamW's decay": _number(highest) if adamw else "",
        "norms decay": _kind_decays(built, "norm"),
        "biases decay": _kind_decays(built, "bias"),
        "embeddings decay": _kind_decays(built, "embedding") if has_tokens else "",
        "beta2": f"{betas[1]:g}" if betas else "",
        "Adam's eps": _number(optimizer.defaults["eps"]) if betas else "",
        "clip": built["Clip"],
    }


def table() -> str:
    """Tabulate each setting, its values, and the recipes that use them.

    Examples:
        >>> [row for row in table().splitlines() if "embeddings decay" in row]
        ['| embeddings decay | no | OLMo 2 7B |']
    """
    found: dict[tuple[str, str], list[str]] = {}
    for tasks in (IMAGES, SEQUENCES):
        for task, recipes in tasks.items():
            for recipe in recipes:
                built = _built(recipe)
                ends = r" (?:on|from|fine-|tuned|with|after)"
                short = re.split(ends, built["Title"].removeprefix("The "))
                answers = _answers(built, has_tokens=task.startswith("Text"))
                for key in answers.items():
                    if key[1] and short[0] not in found.setdefault(key, []):
                        found[key].append(short[0])
    order = list(answers)
    rows = ["| setting | value | recipes |", "| --- | --- | --- |"]
    seen = ""
    for setting, value in sorted(found, key=lambda k: (order.index(k[0]), _size(k[1]))):
        first = setting if setting != seen else ""
        rows.append(f"| {first} | {value} | {', '.join(found[setting, value])} |")
        seen = setting
    return "\n".join(rows)


def _size(value: str) -> tuple[str, float]:
    number = re.search(r"[\d.]+(?:e-?\d+)?$", value)
    return ("" if number else value, float(number[0]) if number else 0.0)
