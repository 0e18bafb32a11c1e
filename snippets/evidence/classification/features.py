"""Features of triplet, contrastive, InfoNCE and classification losses, by 1-NN."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.digits import digits
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.mlp import mlp
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train

SEEDS, STEPS, P, K, SHOTS = 12, 80, 4, 8, 60  # batches of K samples of P classes
NUMBERS = {  # margin or temperature of each loss
    "triplet": [0.1, 0.3, 1.0],
    "contrastive": [0.3, 0.7, 1.4],
    "InfoNCE": [0.05, 0.15, 0.5],
    "cross-entropy": [0.1, 0.3, 1.0],
    "CE of cosines": [0.1, 0.3, 1.0],
}
TASKS = {  # classes seen in training, and rates of Adam, each with each number
    "digits, 4 seen": (4, [3e-4, 1e-3, 3e-3]),
    "generated, 8 seen": (8, [3e-3, 1e-2, 3e-2]),
    "generated, 40 seen": (40, [3e-3, 1e-2, 3e-2]),
}


class _Net(nn.Module):
    def __init__(self, classes: int) -> None:
        super().__init__()
        self.body = mlp([64, 32, 16])
        self.head = nn.Parameter(torch.randn(classes, 16) / 4)

    def forward(self, x: Tensor, head: bool = False):
        return (self.body(x), self.head) if head else self.body(x)


def experiment(run: int) -> dict[str, Tensor]:
    """Share of samples whose nearest other is of their class, `(S,)`."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    scores = {}
    for task, (classes, rates) in TASKS.items():
        data = _digits(seeds) if classes == 4 else _mixed(seeds, classes)
        seen, others = data[:, :classes], data[:, classes:].chunk(2, 1)
        late = seen[:, :20, SHOTS:].split(20, 2)
        sets = {"seen": late[:2], "new": [o[:, :, :20] for o in others]}
        batches = list(_batches(seen, seeds[0]))
        for name, numbers in NUMBERS.items():
            each = torch.tensor(numbers).repeat_interleave(SEEDS)
            nets = [*seeds] * len(numbers)
            model = Stack(lambda n=classes: _Net(n), nets, [{"lr": r} for r in rates])
            optimizer = torch.optim.Adam(model.groups(), fused=True)
            train(model, optimizer, _loss(name), ((*b, each) for b in batches))
            for where, parts in sets.items():
                held, test = (_nearest(model, part) for part in parts)
                scores[f"{task}: {name}: {where}"] = test[held.mean(1).argmax()]
                pixels = _nearest(lambda x: x[None], parts[1])
                scores[f"{task}: pixels: {where}"] = pixels[0]
    return scores


def _batches(seen: Tensor, seed: int):
    chance = torch.Generator().manual_seed(seed)
    for _ in range(STEPS):
        y = torch.rand(seen.shape[:2], generator=chance).argsort(1)[:, :P]
        rows = torch.rand(SEEDS, P, SHOTS, generator=chance).argsort(2)[..., :K]
        x = seen[torch.arange(SEEDS)[:, None, None], y[..., None], rows].flatten(1, 2)
        yield x.repeat(3, 1, 1), y.repeat_interleave(K, 1).repeat(3, 1)


def _loss(name: str):
    block = torch.arange(P).repeat_interleave(K)
    same, itself = block[:, None] == block, torch.eye(P * K, dtype=torch.bool)
    positive = same & ~itself

    def loss(net, x: Tensor, y: Tensor, number: Tensor) -> Tensor:
        z, head = net(x, True)
        if name == "cross-entropy":
            return F.cross_entropy(z @ head.T / number, y)
        z = F.normalize(z, dim=1)
        if name == "CE of cosines":
            return F.cross_entropy(z @ F.normalize(head, dim=1).T / number, y)
        cosine = z @ z.T
        if name == "InfoNCE":  # all of the class are positives
            logits = (cosine / number).masked_fill(itself, -1e9)
            return (logits.logsumexp(1) - (logits * positive).sum(1) / (K - 1)).mean()
        distance = (2 - 2 * cosine).clamp(min=1e-6).sqrt()
        if name == "triplet":  # the hardest of the batch
            far = (distance * positive).amax(1)
            return (far - (distance + 9 * same).amin(1) + number).relu().mean()
        apart = (number - distance).relu().square()
        return distance.square()[positive].mean() + apart[~same].mean()

    return loss


@torch.no_grad()
def _nearest(embed, x: Tensor) -> Tensor:
    label = torch.arange(x.shape[1]).repeat_interleave(x.shape[2])
    z = F.normalize(embed(x.flatten(1, 2).repeat(3, 1, 1)), dim=3)
    cosine = z @ z.mT - 9 * torch.eye(len(label))
    return (label[cosine.argmax(3)] == label).float().mean(2).view(-1, SEEDS)


def _digits(seeds: range) -> Tensor:
    """Return 170 images of each class, classes in random order, `(S, 10, 170, 64)`."""
    (images, labels), *_ = digits(seeds, train=1795, valid=1)
    result = []
    for seed, x, y in zip(seeds, images, labels, strict=True):
        order = torch.randperm(10, generator=torch.Generator().manual_seed(seed))
        result.append(torch.stack([x[y == label][:170] for label in order]))
    return torch.stack(result)


def _mixed(seeds: range, classes: int) -> Tensor:
    """Return `classes` and 40 more: 6 numbers that tell the class among 6 others."""
    chance = torch.Generator().manual_seed(seeds[0])
    shape = len(seeds), classes + 40, SHOTS + 40
    kind = torch.randn(*shape[:2], 1, 6, generator=chance)
    near, other = torch.randn(*shape, 12, generator=chance).split(6, 3)
    mix = torch.randn(len(seeds), 1, 12, 64, generator=chance) / 12**0.5
    return (torch.cat([kind + 0.3 * near, 1.5 * other], 3) @ mix).tanh()


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """Differences in points on new classes."""
    found = []
    for one, other, task, above, below in (
        ("triplet", "cross-entropy", "generated, 40 seen", -5, 5),
        ("triplet", "CE of cosines", "generated, 8 seen", -15, 0),
        ("triplet", "cross-entropy", "digits, 4 seen", -8, 8),
        ("cross-entropy", "pixels", "generated, 40 seen", 15, 60),
        ("cross-entropy", "pixels", "digits, 4 seen", -30, 0),
    ):
        first, second = (100 * scores[f"{task}: {n}: new"] for n in (one, other))
        what = f"1-NN accuracy (points), new, {task}: {one} - {other}"
        found.append(Finding(what, interval(first - second), above, below))
    return found


def figure(scores: dict[str, Tensor]) -> Figure:
    """Accuracy on seen and on new classes, for each loss and for pixels."""
    fig, panels = plt.subplots(3, 1, figsize=(5.5, 6.6), sharex=True)
    names = [*NUMBERS, "pixels"]
    for panel, task in zip(panels, TASKS, strict=True):
        for j, where in enumerate(("seen", "new")):
            for i, name in enumerate(names):
                mean, low, high = interval(100 * scores[f"{task}: {name}: {where}"])
                at = i + 0.2 * (j - 0.5)
                panel.plot([at, at], [low, high], f"C{j}-")
                label = None if i else f"{where} classes"
                panel.plot(at, mean, f"C{j}o", ms=5, label=label)
        panel.set_ylabel(f"{task}\n1-NN accuracy (%)")
    panels[0].legend(loc="lower left")
    panels[2].set_xticks(range(len(names)), [n.replace(" ", "\n", 1) for n in names])
    panels[0].set_title("Which classes were seen matters more than the loss")
    return fig
