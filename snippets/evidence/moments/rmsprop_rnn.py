"""A recurrent network on characters: RMSprop, Adam and SGD with momentum."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.evidence.method.characters import ALPHABET, characters
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, BATCH, LENGTH, WIDTH, CLIP = 12, 100, 8, 16, 24, 1.0
KINDS = {  # options, and the rates that are searched
    "RMSprop": ({}, [0.003, 0.006, 0.012, 0.025, 0.05]),
    "Adam": ({}, [0.012, 0.025, 0.05, 0.1, 0.2]),
    "SGD": ({"momentum": 0.9}, [0.4, 0.8, 1.6, 3.2, 6.4]),
}


class _GRU(nn.Module):
    """A gated recurrent unit, written out since torch.vmap has no rule for nn.GRU."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Embedding(len(ALPHABET), 3 * WIDTH)
        self.keep = nn.Linear(WIDTH, 3 * WIDTH)
        self.head = nn.Linear(WIDTH, len(ALPHABET))
        nn.init.uniform_(self.enter.weight, -(WIDTH**-0.5), WIDTH**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map indices `(N, T)` to logits `(N, T, letters)`."""
        x, states = self.enter(x), []
        h = torch.zeros_like(x[:, 0, :WIDTH])
        for t in range(x.shape[1]):
            reset, update, new = x[:, t].chunk(3, -1)
            r, u, n = self.keep(h).chunk(3, -1)
            update = (update + u).sigmoid()
            new = (new + (reset + r).sigmoid() * n).tanh()
            h = update * h + (1 - update) * new
            states.append(h)
        return self.head(torch.stack(states, 1))


def experiment(run: int) -> dict[str, Tensor]:
    """Loss of each optimizer in nats a character, `(rate, seed)`, on two held texts."""
    seeds = range(1000 * run, 1000 * run + SEEDS)
    chance = torch.Generator().manual_seed(run)
    text, rest = characters()
    middle = len(rest) // 2
    batches = [_windows(text, BATCH, chance) for _ in range(STEPS)]
    held = {"valid": _windows(rest[:middle], 100, chance)}
    held["test"] = _windows(rest[middle:], 200, chance)
    scores = {}
    for name, (options, rates) in KINDS.items():
        model = Stack(_GRU, seeds, [{"lr": lr, **options} for lr in rates])
        optimizer = getattr(torch.optim, name)(model.groups())
        steps = ((x,) for x in batches)
        train(model, optimizer, _loss, steps, lambda t: 1 - t / STEPS, CLIP)
        with torch.no_grad():
            for part, x in held.items():
                scores[f"{name} {part}"] = model.run(_loss, x)
    return scores


def _windows(text: Tensor, n: int, chance: torch.Generator) -> Tensor:
    at = torch.randint(len(text) - LENGTH, (SEEDS, n, 1), generator=chance)
    return text[at + torch.arange(LENGTH + 1)]


def _loss(net, x: Tensor) -> Tensor:
    return F.cross_entropy(net(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten())


def _tuned(scores: dict[str, Tensor], name: str) -> Tensor:
    """Test loss at the rate that validation prefers, `(S,)`."""
    return tuned(scores[f"{name} valid"], scores[f"{name} test"], KINDS[name][1])


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on; twice the rate changes the loss by more than 0.1."""
    rmsprop, adam, sgd = (_tuned(scores, name) for name in KINDS)
    third = KINDS["RMSprop"][1].index(0.012), KINDS["Adam"][1].index(0.012)
    same = scores["RMSprop test"][third[0]] - scores["Adam test"][third[1]]
    return [
        Finding("tuned: RMSprop - Adam", interval(rmsprop - adam), -0.12, 0.12),
        Finding("tuned: SGD - Adam", interval(sgd - adam), -0.12, 0.12),
        Finding("at lr 0.012: RMSprop - Adam", interval(same), below=0),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Loss against the rate, a line for each optimizer."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for name, (_, rates) in KINDS.items():
        ends = torch.tensor([interval(v) for v in scores[f"{name} test"]]).T
        error = (ends[1:] - ends[0]).abs()
        label = "SGD, momentum 0.9" if name == "SGD" else name
        ax.errorbar(rates, ends[0], error, fmt="o-", ms=4, capsize=3, label=label)
    ax.set_xscale("log")
    ax.set_xlabel("learning rate")
    ax.set_ylabel("test loss (nats a character)")
    ax.legend()
    ax.set_title("Three valleys of the same depth")
    return fig
