"""What a resumed run does when one part of the checkpoint was left out."""

import copy
import functools
import math
from types import SimpleNamespace

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from snippets.training.reproducibility.stacked_mlp import StackedMLP

SEEDS, BATCH, BATCHES, SAVED, END = 16, 32, 31, 170, 210  # 170: in epoch 5


@functools.cache
def _data(epoch: int) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels, labels and, for each seed, the order of the samples in this epoch."""
    images, labels = load_digits(return_X_y=True)
    chance = torch.Generator().manual_seed(epoch)
    order = torch.rand(SEEDS, BATCH * BATCHES, generator=chance).argsort(1)
    return torch.tensor(images / 16).float(), torch.tensor(labels), order


def _rate(step: int) -> float:  # 10 steps of warm-up, then a cosine to step 294
    return min((step + 1) / 10, 0.5 + 0.5 * math.cos(math.pi * step / 294))


def _build() -> SimpleNamespace:
    torch.manual_seed(0)
    model = StackedMLP((64, 32, 10), SEEDS, dropout=0.2)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, _rate)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**20)
    parts = {"optimizer": optimizer, "scheduler": scheduler, "scaler": scaler}
    return SimpleNamespace(model=model, step=0, **parts)


def _train(run: SimpleNamespace, until: int, back: int = 0) -> SimpleNamespace:
    """Train to step `until`, on the data of `back` steps earlier."""
    seen = SimpleNamespace(loss=[], lr=[], skipped=0)
    while run.step < until:
        epoch, batch = divmod(run.step - back, BATCHES)
        x, y, order = _data(epoch)
        index = order[:, batch * BATCH :][:, :BATCH]
        run.optimizer.zero_grad()
        # as under float16 autocast: the gradient of the logits can overflow
        logits = run.model.train()(x[index]).half().float()
        loss = SEEDS * BATCH * F.cross_entropy(logits.mT, y[index])
        run.scaler.scale(loss).backward()
        scale = run.scaler.get_scale()
        run.scaler.step(run.optimizer)
        run.scaler.update()
        if run.scaler.get_scale() < scale:
            seen.skipped += 1
        else:
            run.scheduler.step()
        run.step += 1
        if run.step > SAVED:
            with torch.no_grad():
                logits, target = run.model.eval()(x[:200]), y[:200].expand(SEEDS, -1)
            losses = F.cross_entropy(logits.mT, target, reduction="none")
            seen.loss.append(losses.mean(1))
            seen.lr.append(run.scheduler.get_last_lr()[0])
    return seen


def _runs() -> dict[str, SimpleNamespace]:
    """Go on from step SAVED, each time without one part."""
    run = _build()
    _train(run, SAVED)
    parts = "model", "optimizer", "scheduler", "scaler"
    saved = {part: copy.deepcopy(vars(run)[part].state_dict()) for part in parts}
    random, found = torch.get_rng_state(), {}
    for left_out in ("nothing", "optimizer", "scheduler", "scaler", "random", "data"):
        fresh = _build()
        for part in parts:
            if part != left_out:
                vars(fresh)[part].load_state_dict(copy.deepcopy(saved[part]))
        if left_out != "random":
            torch.set_rng_state(random)
        fresh.step = SAVED
        found[left_out] = _train(fresh, END, back=SAVED if left_out == "data" else 0)
    torch.set_rng_state(random)
    return found | {"never stopped": _train(run, END)}


def figure() -> Figure:
    """Draw the loss after resuming, against the run that never stopped."""
    runs = _runs()
    whole = torch.stack(runs["never stopped"].loss)
    steps = range(1, END - SAVED + 1)
    fig, ax = plt.subplots()
    for i, name in enumerate(("optimizer", "scheduler", "random", "nothing")):
        gain = (torch.stack(runs[name].loss) / whole).log()
        mean, half = gain.mean(1), 2.13 * gain.std(1) / SEEDS**0.5  # 95 %
        colour = "C5" if name == "nothing" else f"C{i}"
        ax.plot(steps, mean.exp(), color=colour, label=f"without {name}")
        ax.fill_between(steps, (mean - half).exp(), (mean + half).exp(), alpha=0.15)
    ax.get_lines()[3].set_label("complete: exactly 1")
    ax.legend(loc="upper left")
    ax.set(xlabel="steps after resuming", ylim=(0.88, 1.7))
    ax.set(ylabel="loss / loss of the run\nthat never stopped")
    ax.set_title("Leave a part out, and the loss jumps")
    return fig
