"""Two micro-batches of short and of long texts: a mean of means, and one divisor."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.evidence.method.characters import characters
from snippets.evidence.method.finding import Finding
from snippets.evidence.method.interval import interval
from snippets.evidence.method.stack import Stack
from snippets.evidence.method.train import train
from snippets.evidence.method.transformer import Transformer
from snippets.evidence.method.tuned import tuned

SEEDS, STEPS, SHORT, LONG, MICRO, HELD = 12, 120, 2, 16, 4, 100
RATES = [3e-3, 1e-2, 3e-2]
ORDERS = ["equal", "shuffled", "sorted"]
WAYS = ["one divisor", "mean of means"]


def _windows(text: Tensor, chance: torch.Generator, *shape: int) -> Tensor:
    start = torch.randint(len(text) - LONG, (*shape, 1), generator=chance)
    return text[start + torch.arange(LONG + 1)]


def _weights(lengths: Tensor, way: str) -> Tensor:
    """What the loss of each token is multiplied by, `(texts, LONG)`.

    `lengths` holds the tokens of each text, `(micro-batches, texts in each)`.
    """
    counted = torch.arange(LONG) < lengths[..., None]
    each = len(lengths) * counted.sum((1, 2), keepdim=True)
    divisor = counted.sum() if way == "one divisor" else each
    return (counted / divisor).flatten(0, 1)


def _loss(net, x: Tensor, weight: Tensor) -> Tensor:
    loss = F.cross_entropy(net(x[:, :-1]).mT, x[:, 1:], reduction="none")
    return (loss * weight).sum()


def _lengths(order: str, chance: torch.Generator) -> Tensor:
    """Tokens of each text, `(2, MICRO)`; half of them are short, unless "equal"."""
    lengths = torch.tensor([SHORT] * MICRO + [LONG] * MICRO)
    if order == "shuffled":
        lengths = lengths[torch.randperm(2 * MICRO, generator=chance)]
    if order == "equal":
        lengths = torch.full_like(lengths, LONG)
    return lengths.view(2, MICRO)


def _error(model: Stack, x: Tensor, order: str, chance: torch.Generator) -> Tensor:
    """Relative error of the gradient of a mean of means, at the middle rate, `(S,)`."""
    lengths, rows = [_lengths(order, chance) for _ in range(SEEDS)], []
    for way in WAYS:
        weight = torch.stack([_weights(of, way) for of in lengths])
        loss = model.run(_loss, x, weight)[1].sum()
        gradients = torch.autograd.grad(loss, list(model.weights[1]))
        rows.append(torch.cat([g.flatten(1) for g in gradients], 1))
    return (rows[1] - rows[0]).norm(dim=1) / rows[0].norm(dim=1)


def _held(net, x: Tensor) -> Tensor:
    """Mean loss of the tokens of all texts, of the short ones, and of the long ones."""
    each = F.cross_entropy(net(x[:, :-1]).mT, x[:, 1:], reduction="none")
    short, long = each[:HELD, :SHORT].mean(), each[HELD:].mean()
    return torch.stack([(SHORT * short + LONG * long) / (SHORT + LONG), short, long])


def experiment(run: int) -> dict[str, Tensor]:
    """Relative errors of the gradient, and losses on all, short and long texts.

    Half of the texts are short. In "other" each letter of these stands for another.
    Training has one micro-batch of short and one of long texts.
    """
    seeds = range(1000 * run, 1000 * run + SEEDS)
    text, rest = characters()
    chance = torch.Generator().manual_seed(run)
    letters = {"same": torch.arange(70), "other": torch.randperm(70, generator=chance)}
    texts = _windows(text, chance, STEPS, SEEDS, 2 * MICRO)
    parts = zip(("validation", "test"), rest.tensor_split(2), strict=True)
    held = {name: _windows(part, chance, SEEDS, 2 * HELD) for name, part in parts}
    settings, scores = [{"lr": rate} for rate in RATES], {}
    for kind, letter in letters.items():

        def written(x: Tensor, letter=letter) -> Tensor:
            short, long = x.chunk(2, dim=-2)
            return torch.cat([letter[short], long], -2)

        for way in WAYS:
            model = Stack(lambda: Transformer(70, LONG, width=16), seeds, settings)
            optimizer = torch.optim.Adam(model.groups())
            weight = _weights(_lengths("sorted", chance), way).expand(SEEDS, -1, -1)
            train(model, optimizer, _loss, ((written(x), weight) for x in texts))
            with torch.no_grad():
                for part, x in held.items():
                    scores[f"{kind}, {way}, {part}"] = model.run(_held, written(x))
            if (kind, way) == ("same", WAYS[0]):
                for order in ORDERS:
                    errors = [_error(model, x, order, chance) for x in texts[:8]]
                    scores[f"error, {order}"] = torch.stack(errors).mean(0)
    return scores


def _tuned(scores: dict[str, Tensor], kind: str, way: str, of: int) -> Tensor:
    """Test loss at the rate that validation on all texts prefers, `(S,)`."""
    held, test = (scores[f"{kind}, {way}, {part}"] for part in ("validation", "test"))
    return tuned(held[..., 0], test[..., of], RATES)


def _worse(scores: dict[str, Tensor], kind: str, of: int) -> tuple:
    """Test loss of a mean of means, minus that of one divisor."""
    right, wrong = (_tuned(scores, kind, way, of) for way in WAYS)
    return interval(wrong - right)


def findings(scores: dict[str, Tensor]) -> list[Finding]:
    """What the verdict rests on."""

    def error(order: str) -> tuple[float, float, float]:
        return interval(100 * scores[f"error, {order}"])

    wrong, loss = "error of the gradient (%)", "test loss, mean of means - one divisor"
    return [
        Finding(f"{wrong}, equal lengths", error("equal"), -0.1, 0.1),
        Finding(f"{wrong}, 2 or 16 tokens, shuffled", error("shuffled"), above=10),
        Finding(f"{wrong}, 2 or 16 tokens, sorted", error("sorted"), above=50),
        Finding(f"{loss}, same text", _worse(scores, "same", 0), -0.1, 0.2),
        Finding(f"{loss}, other text", _worse(scores, "other", 0), above=0),
        Finding(f"{loss}, other text, short ones", _worse(scores, "other", 1), below=0),
    ]


def figure(scores: dict[str, Tensor]) -> Figure:
    """Errors of the gradient, and differences of the test loss."""
    fig, (upper, lower) = plt.subplots(2, 1, figsize=(5.5, 5.6))
    labels = ["equal lengths", "2 or 16 tokens,\nshuffled", "2 or 16 tokens,\nsorted"]
    for i, order in enumerate(ORDERS):
        mean, low, high = interval(100 * scores[f"error, {order}"])
        upper.errorbar(mean, -i, xerr=[[mean - low], [high - mean]], fmt="o")
        upper.annotate(f"{mean:.0f} %", (high, -i), (6, -4), textcoords="offset points")
    upper.set_yticks([0, -1, -2], labels)
    upper.set(xlabel="error of the gradient (%)", xlim=(-5, 150), ylim=(-2.6, 0.6))
    upper.set_title("A mean of means is another gradient")
    for i, kind in enumerate(("same", "other")):
        for of in range(3):
            mean, low, high = _worse(scores, kind, of)
            ends = [[mean - low], [high - mean]]
            label = f"short texts: {kind} text" if of == 0 else None
            place = -of - 0.2 * i
            lower.errorbar(mean, place, xerr=ends, fmt="o", color=f"C{i}", label=label)
    lower.axvline(0, color=plt.rcParams["text.color"], lw=1)
    lower.set_yticks([-0.1, -1.1, -2.1], ["all texts", "short", "long"])
    lower.set(xlabel="test loss, mean of means - one divisor (nats)", ylim=(-2.6, 0.9))
    lower.legend(loc="upper left")
    return fig
