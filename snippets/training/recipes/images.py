"""The recipes for images: what each builds, and where its numbers were read."""

from functools import partial

from snippets.training.recipes.clip_vit import clip_vit
from snippets.training.recipes.dcgan import dcgan
from snippets.training.recipes.ddpm_cifar import ddpm_cifar
from snippets.training.recipes.detectron2 import detectron2
from snippets.training.recipes.detr import detr
from snippets.training.recipes.mae_finetuning import mae_finetuning
from snippets.training.recipes.mae_pretraining import mae_pretraining
from snippets.training.recipes.nnunet import nnunet
from snippets.training.recipes.read_back import _built
from snippets.training.recipes.resnet_imagenet import resnet_imagenet
from snippets.training.recipes.segformer import segformer
from snippets.training.recipes.swin_imagenet import swin_imagenet
from snippets.training.recipes.vit_finetuning import vit_finetuning
from snippets.training.recipes.vit_s16_imagenet import vit_s16_imagenet
from snippets.training.recipes.wide_resnet_cifar import wide_resnet_cifar

SCRATCH = [resnet_imagenet, wide_resnet_cifar, vit_s16_imagenet, swin_imagenet]
TASKS = {
    "From scratch": [*SCRATCH, mae_pretraining, clip_vit],
    "Fine-tuning": [vit_finetuning, mae_finetuning],
    "Detection": [partial(detectron2, lr=0.02), partial(detectron2, lr=0.01), detr],
    "Segmentation": [nnunet, segformer],
    "Generation": [ddpm_cifar, dcgan],
}


def _number(x: float) -> str:
    if x >= 1e-3 or x == 0:
        return f"{x:.6g}"
    digits, power = f"{x:.2e}".split("e")
    return f"{float(digits):g}e{int(power)}"


def _steps(t: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if t >= size:
            return f"{t / size:.3g}\N{NO-BREAK SPACE}{letter}"
    return f"{t:.3g}"


def _algorithm(built: dict) -> str:
    optimizer = built["optimizer"]
    d, name = optimizer.defaults, type(optimizer).__name__
    if "betas" in d:
        text = f"{name} {d['betas'][0]:g}, {d['betas'][1]:g}<br>eps {_number(d['eps'])}"
    elif name == "RMSprop":
        text = f"{name} {d['alpha']:g}<br>eps {_number(d['eps'])}"
    else:
        text = name + (f" {d['momentum']:g}" if d["momentum"] else "")
        text += " Nesterov" if d["nesterov"] else ""
    highest = max(max(values) for values in built["kinds"].values())
    spared = [kind for kind, values in built["kinds"].items() if 0 in values]
    decay = f"decay {_number(highest)}" if highest else "no decay"
    decay += ", all" if highest and not spared else ""
    return f"{text}<br>{decay}" + (
        f", not {', '.join(spared)}" if highest and spared else ""
    )


def _rate(built: dict) -> str:
    groups = built["optimizer"].param_groups
    rates = sorted({g.get("initial_lr", g["lr"]) for g in groups}, reverse=True)
    points, total = built["points"], built["total"]
    end = f"{_steps(total)} {built['unit']}s" if total else "end"
    text = _number(points[0][1] * rates[0])
    for (_, before), (step, factor) in zip(points, points[1:], strict=False):
        last = step == points[-1][0]
        if factor != before:
            when = end if last else _steps(step)
            text += f" → {_number(factor * rates[0])} ({when})"
        elif last:
            text += f", until {end}" if total else ", then constant"
    text += ", constant" if len(points) == 1 else ""
    shares = ", ".join(f"{rate / rates[0]:.2g}" for rate in rates[1:])
    return text + (f"<br>groups at 1, {shares}" if shares else "")


def _tables(tasks: dict[str, list]) -> str:
    lines = []
    for task, recipes in tasks.items():
        lines += [f"**{task}**", "", "| recipe | optimizer | learning rate |"]
        lines += ["| --- | --- | --- |"]
        for recipe in recipes:
            built = _built(recipe)
            where = f"[{built['Title']}]({built['Source']}) ({built['Confidence']})"
            use = f"batch {built['Batch']}; clip {built['Clip']}"
            cells = f"{where}<br>{use}", _algorithm(built), _rate(built)
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).strip()


def table() -> str:
    """Tabulate the recipes for images.

    Examples:
        >>> [row.count("|") for row in table().splitlines() if "DCGAN" in row]
        [4]
    """
    return _tables(TASKS)
