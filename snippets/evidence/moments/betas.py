"""Adam's betas: beta2 where gradients are rare, and beta1 where they are noisy."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, IMAGES = 12, 1200
FEATURES, PRESENT, CLASSES = 200, 0.005, 4
SECOND = [(0.9, beta2) for beta2 in (0.9, 0.99, 0.999, 0.9999)]
FIRST = [(beta1, 0.999) for beta1 in (0.0, 0.8, 0.9, 0.95)]
TASKS = {  # batch size, steps, what is compared, and the rates that are searched
    "rare": (4, 1000, SECOND, [0.01, 0.02, 0.04, 0.08, 0.16]),
    "noisy": (4, 600, FIRST, [0.005, 0.01, 0.02, 0.04, 0.08]),
    "calm": (64, 120, FIRST, [0.02, 0.04, 0.08, 0.16, 0.32]),
}


def experiment(run: int) -> dict[str, Tensor]:
    """Validation and test loss on each task, `(betas, rate, seed)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    chance = torch.Generator().manual_seed(run)
    scores = {}
    for name, (size, end, pairs, rates) in TASKS.items():
        if name == "rare":
            widths, batches, *held = _rare(size, end, chance)
        else:
            widths, batches, *held = _images(seeds, size, end, name == "noisy", chance)
        settings = [{"lr": lr, "betas": pair} for pair in pairs for lr in rates]
        model = Stack(lambda w=widths: mlp(w), seeds, settings)
        optimizer = torch.optim.Adam(model.groups(), fused=True)
        train(model, optimizer, _loss, batches, lambda t, n=end: 1 - t / n)
        with torch.no_grad():
            for part, data in zip(("valid", "test"), held, strict=True):
                loss = model.run(_loss, *data)
                scores[f"{name} {part}"] = loss.view(len(pairs), len(rates), SEEDS)
    return scores


def _rare(size: int, steps: int, chance: torch.Generator) -> tuple:
    """Classes from features that are present in 1 of 200 samples; true odds known."""
    truth = 2 * torch.randn(SEEDS, FEATURES, CLASSES, generator=chance)

    def draw(n: int) -> tuple[Tensor, Tensor]:
        x = (torch.rand(SEEDS, n, FEATURES, generator=chance) < PRESENT).float()
        return x, (x @ truth).softmax(-1)

    def batches():
        for _ in range(steps):
            x, p = draw(size)
            y = torch.multinomial(p.flatten(0, 1), 1, generator=chance)
            yield x, F.one_hot(y, CLASSES).float().view(p.shape)

    return [FEATURES, CLASSES], batches(), draw(300), draw(1000)


def _images(
    seeds: range, size: int, steps: int, noisy: bool, chance: torch.Generator
) -> tuple:
    """Digits of 4 x 4 pixels; noisy: a third of the training labels drawn at random."""
    (x, y), held, test = (
        (x.unflatten(-1, (4, 2, 4, 2)).mean((-3, -1)).flatten(-2), y)
        for x, y in digits(seeds, train=IMAGES)
    )
    if noisy:
        wrong = torch.rand(y.shape, generator=chance) < 1 / 3
        y = torch.where(wrong, torch.randint(10, y.shape, generator=chance), y)
    rounds = -(-size * steps // IMAGES)
    rows = torch.rand(SEEDS, rounds, IMAGES, generator=chance).argsort(-1).flatten(1)
    rows = rows[:, : size * steps].view(SEEDS, steps, size).transpose(0, 1)
    each = torch.arange(SEEDS)[:, None]
    return [16, 32, 10], ((x[each, row], y[each, row]) for row in rows), held, test


def _loss(net, x: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(net(x), y)


def _tuned(scores: dict[str, Tensor], name: str) -> Tensor:
    """Test loss by betas and seed, at the rate that validation prefers."""
    pairs = zip(scores[f"{name} valid"], scores[f"{name} test"], strict=True)
    return torch.stack([tuned(v, t, TASKS[name][3]) for v, t in pairs])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; 0.005 nats of 1.0 would not be worth a setting."""
    rare, noisy, calm = (_tuned(scores, name) for name in TASKS)
    more, less = interval(rare[3] - rare[2]), interval(rare[0] - rare[2])
    return [
        Finding("rare: beta2 0.9999 - 0.999", more, -0.005, 0.005),
        Finding("rare: beta2 0.9 - 0.999", less, above=0.005),
        Finding("noisy: beta1 0.8 - 0.9", interval(noisy[1] - noisy[2]), -0.1, 0.01),
        Finding("noisy: beta1 0 - 0.9", interval(noisy[0] - noisy[2]), below=0),
        Finding("calm: beta1 0.8 - 0.9", interval(calm[1] - calm[2]), -0.05, 0.05),
        Finding("calm: beta1 0 - 0.9", interval(calm[0] - calm[2]), above=-0.02),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Tuned loss against beta2, and against beta1, as a difference."""
    fig, panels = plt.subplots(2, 1, figsize=(5.5, 6))
    lines = (("rare", 0, 2, 1), ("noisy", 1, 2, 0), ("calm", 1, 2, 0))
    names = {
        "rare": "features in 1 of 200 samples",
        "noisy": "batch 4, a third of the labels random",
        "calm": "batch 64, clean labels",
    }
    for i, (task, at, base, which) in enumerate(lines):
        loss, panel = _tuned(scores, task), panels[at]
        ends = torch.tensor([interval(v) for v in loss - loss[base]]).T
        error = (ends[1:] - ends[0]).abs()
        panel.errorbar(
            range(4),
            ends[0],
            error,
            fmt="o-",
            capsize=3,
            color=f"C{i}",
            label=names[task],
        )
        panel.set_xticks(range(4), [f"{pair[which]:g}" for pair in TASKS[task][2]])
    for panel, label in zip(panels, ("beta2", "beta1"), strict=True):
        panel.axhline(0, color="black", lw=1)
        panel.set_xlabel(label)
        panel.set_ylabel("test loss less the default's")
        panel.legend()
    panels[0].set_title("Rare gradients: 0.9999 is as good as 0.999")
    panels[1].set_title("Noise: a lower beta1 gains a little")
    return fig
