"""The error of the mean of means on texts of different length."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

COUNTS = (1, 2, 4, 8, 16)
SCHEMES = "equal lengths", "shuffled", "sorted by length"
SEQUENCES, LONGEST, VOCAB, BATCHES = 64, 64, 12, 12


def _gradients(lengths: Tensor, seed: int, trained: bool) -> tuple[Tensor, Tensor]:
    """Gradient of the sum over the tokens of each sequence, and how many they are.

    The model is a table of next-token logits: zeros, or the truth. A copy for each
    sequence keeps their gradients apart. Texts are from one Markov chain.
    """
    generator = torch.Generator().manual_seed(seed)
    chain = (2 * torch.randn(VOCAB, VOCAB, generator=generator)).softmax(1)
    tokens = [torch.randint(VOCAB, (SEQUENCES,), generator=generator)]
    for _ in range(LONGEST):
        drawn = torch.multinomial(chain[tokens[-1]], 1, generator=generator)
        tokens.append(drawn.squeeze(1))
    text = torch.stack(tokens, 1)
    target = text[:, 1:].where(torch.arange(LONGEST) < lengths[:, None], -100)
    start = chain.log() if trained else torch.zeros(VOCAB, VOCAB)
    tables = start.repeat(SEQUENCES, 1, 1).requires_grad_()
    z = tables[torch.arange(SEQUENCES)[:, None], text[:, :-1]]
    F.cross_entropy(z.flatten(0, 1), target.flatten(), reduction="sum").backward()
    return tables.grad.flatten(1).double(), lengths.double()


def _errors(scheme: str, trained: bool) -> Tensor:
    """Relative error of the mean of means, `(batches, counts)`."""
    errors = torch.empty(BATCHES, len(COUNTS))
    for seed in range(BATCHES):
        generator = torch.Generator().manual_seed(seed)
        lengths = torch.randint(4, LONGEST + 1, (SEQUENCES,), generator=generator)
        if scheme == "equal lengths":
            lengths = torch.full_like(lengths, 32)
        elif scheme == "sorted by length":
            lengths = lengths.sort().values
        grad, count = _gradients(lengths, seed, trained)
        whole = grad.sum(0) / count.sum()
        for i, k in enumerate(COUNTS):
            g, n = grad.view(k, -1, VOCAB**2).sum(1), count.view(k, -1).sum(1)
            means = (g / n[:, None]).mean(0)
            errors[seed, i] = (means - whole).norm() / whole.norm()
    return errors


def figure() -> Figure:
    """Draw the error against the number of micro-batches, with 95 % intervals."""
    fig, ax = plt.subplots()
    for i, scheme in enumerate(SCHEMES):
        for trained, style in (False, ":"), (True, "-"):
            errors = _errors(scheme, trained)
            mean, half = errors.mean(0), 2.2 * errors.std(0) / BATCHES**0.5
            ax.errorbar(COUNTS, mean, half, fmt="o" + style, color=f"C{i}", capsize=3)
        ax.text(17.5, mean[-1], scheme, color=f"C{i}", va="center")
    ax.set(xscale="log", xlim=(0.9, 75), xticks=COUNTS, xticklabels=COUNTS)
    ax.minorticks_off()
    ax.set(xlabel="micro-batches of 64 sequences", ylabel="relative error of gradient")
    ax.text(0.95, 0.9 * ax.get_ylim()[1], "solid: trained, dotted: untrained")
    ax.set_title("Mean of means: the more micro-batches, the worse")
    return fig
