"""A recurrent network on characters: RMSprop, Adam and SGD, tuned alike."""

import re

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn import datasets
from torch import Tensor
from torch.nn import functional as F
from torch.optim import SGD, Adam, RMSprop

HIDDEN, LENGTH, BATCH, RUNS, STEPS, LETTERS = 16, 8, 16, 6, 80, 27
GRID = (0.003, 0.01, 0.03, 0.1, 0.3)
KINDS = {
    "SGD, momentum 0.9": (SGD, {"momentum": 0.9}, (0.03, 0.1, 0.3, 1, 3)),
    "RMSprop": (RMSprop, {}, GRID),
    "Adam": (Adam, {}, GRID),
}


def _text() -> tuple[Tensor, Tensor]:
    """Letters and spaces of scikit-learn's descriptions: training and validation."""
    loaders = datasets.load_breast_cancer, datasets.load_diabetes, datasets.load_wine
    text = " ".join(load().DESCR for load in loaders)
    text = re.sub("[^a-z]+", " ", text.lower())
    letters = torch.tensor([0 if c == " " else ord(c) - 96 for c in text])
    cut = len(letters) * 4 // 5
    return letters[:cut], letters[cut:]


def _train() -> Tensor:
    """Validation loss in nats a character, by optimizer, rate and run."""
    generator = torch.Generator().manual_seed(0)
    training, validation = _text()
    shapes = ((LETTERS, HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, LETTERS), (1, LETTERS))
    first = [torch.rand(RUNS, *s, generator=generator) / 2 - 0.25 for s in shapes]
    trials = [(k, o, lr) for k, o, rates in KINDS.values() for lr in rates]
    weights = [[p.clone().requires_grad_() for p in first] for _ in trials]
    optimizers = [
        kind(w, lr=lr, **options)
        for w, (kind, options, lr) in zip(weights, trials, strict=True)
    ]
    offset = torch.arange(len(trials) * RUNS)[:, None, None] * LETTERS

    def loss(letters: Tensor, n: int) -> Tensor:
        at = torch.randint(len(letters) - LENGTH, (RUNS, n, 1), generator=generator)
        window = letters[at + torch.arange(LENGTH + 1)].repeat(len(trials), 1, 1)
        table, recurrent, out, bias = (torch.cat(w) for w in zip(*weights, strict=True))
        x = F.embedding(window[..., :-1] + offset, table.flatten(0, 1))
        h, states = torch.zeros_like(x[:, :, 0]), []
        for t in range(LENGTH):
            h = (x[:, :, t] + h @ recurrent).tanh()
            states.append(h)
        z = torch.stack(states, 2).flatten(1, 2) @ out + bias
        target = window[..., 1:].flatten()
        each = F.cross_entropy(z.flatten(0, 1), target, reduction="none")
        return each.view(len(trials), RUNS, -1).mean(2)

    for step in range(STEPS):
        for optimizer, (_, _, lr) in zip(optimizers, trials, strict=True):
            optimizer.param_groups[0]["lr"] = lr * (1 - step / STEPS)
            optimizer.zero_grad()
        loss(training, BATCH).sum().backward()
        for optimizer in optimizers:
            optimizer.step()
    with torch.no_grad():
        return loss(validation, 200).view(len(KINDS), -1, RUNS)


def figure() -> Figure:
    """Draw validation loss against the learning rate, with 95 % intervals."""
    fig, ax = plt.subplots()
    for i, ((name, (_, _, rates)), each) in enumerate(
        zip(KINDS.items(), _train(), strict=True)
    ):
        half = 2.57 * each.std(1) / RUNS**0.5
        ax.errorbar(
            rates, each.mean(1), half, fmt="o-", color=f"C{i}", capsize=3, label=name
        )
    ax.legend(loc="upper left")
    ax.set(xscale="log", ylim=(2.4, 3.6))
    ax.set(xlabel="learning rate", ylabel="validation loss, nats a character")
    ax.set_title("Tuned alike, RMSprop is not ahead on a recurrent net")
    return fig
