"""The loss of one small model with the target shifted by one, by none and by two."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as F

STEPS = 100
SHIFTS = {1: "shifted once", 0: "not shifted", 2: "shifted twice"}


def _chain(size: int = 16) -> Tensor:
    # row i: the probabilities of the token after token i
    generator = torch.Generator().manual_seed(0)
    return (2 * torch.randn(size, size, generator=generator)).softmax(dim=1)


def _sample(chain: Tensor, n: int, length: int) -> Tensor:
    generator = torch.Generator().manual_seed(1)
    tokens = [torch.randint(len(chain), (n,), generator=generator)]
    for _ in range(length - 1):
        row = chain[tokens[-1]]
        tokens.append(torch.multinomial(row, 1, generator=generator).squeeze(1))
    return torch.stack(tokens, dim=1)


def _entropy(chain: Tensor, steps: int) -> float:
    """Entropy in nats of the token `steps` ahead, given the present one.

    Examples:
        >>> [round(_entropy(_chain(), steps), 2) for steps in (1, 2)]
        [1.65, 2.38]
        >>> round(_entropy(torch.full((16, 16), 1 / 16), 1), 4)  # ln 16
        2.7726
    """
    ahead = chain.matrix_power(steps)
    stationary = chain.matrix_power(1000)[0]
    return -(stationary @ (ahead * ahead.log()).sum(dim=1)).item()


def _train(shift: int) -> tuple[list[float], float]:
    """Train a table of logits; give the losses and the accuracy on the next token."""
    tokens = _sample(_chain(), 256, 20)
    table = nn.Embedding(16, 16)
    nn.init.zeros_(table.weight)
    optimizer = torch.optim.Adam(table.parameters(), lr=0.2)
    source, target = tokens[:, : 20 - shift], tokens[:, shift:]
    losses = []
    for _ in range(STEPS):
        loss = F.cross_entropy(table(source).flatten(0, 1), target.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    hit = table(tokens[:, :-1]).argmax(dim=2) == tokens[:, 1:]
    return losses, hit.double().mean().item()


def figure() -> Figure:
    """Draw the three losses and the entropies that they cannot go below."""
    fig, ax = plt.subplots(figsize=(5.5, 3.8))
    for i, (shift, name) in enumerate(SHIFTS.items()):
        losses, accuracy = _train(shift)
        ax.plot(range(0, STEPS, 3), losses[::3], color=f"C{i}")
        label = f"{name}: next token right {accuracy:.0%}"
        place = {1: 1.8, 0: 0.2, 2: 2.5}[shift]
        ax.text(STEPS, place, label, color=f"C{i}", ha="right")
    for steps in (1, 2):
        ax.axhline(_entropy(_chain(), steps), color="C5", ls=":", lw=1, zorder=0)
    ax.set(xlabel="step", ylabel="loss (nats per token)", ylim=(0, 3))
    ax.set_title("The best-looking loss predicts nothing")
    return fig
