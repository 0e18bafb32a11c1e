"""How many triplets still have a gradient, for random and for mined ones."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from snippets.losses.similarity.semi_hard_triplet_loss import semi_hard_triplet_loss

SEEDS, STEPS, EVERY = 4, 64, 8
PIXELS, DIGIT = (torch.tensor(array) for array in load_digits(return_X_y=True))


def _random(unit: Tensor, label: Tensor, margin: float, reduction: str) -> Tensor:
    # one random positive and one random negative for each anchor
    same = label[:, None] == label
    noise = torch.rand(same.shape)
    p = noise.masked_fill(~same, -1).fill_diagonal_(-1).argmax(dim=1)
    n = noise.masked_fill(same, -1).argmax(dim=1)
    return F.triplet_margin_loss(unit, unit[p], unit[n], margin, reduction=reduction)


LOSSES = {
    "random": _random,
    "semi-hard": semi_hard_triplet_loss,
    "batch-hard": batch_hard_triplet_loss,
}


def _run(loss, seed: int) -> Tensor:
    """Train on digits and give the share of losses above 0, by eight steps."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.Tanh(), nn.Linear(32, 16))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    share = torch.zeros(STEPS)
    for step in range(STEPS):
        batch = torch.randint(len(DIGIT), (64,))
        unit = F.normalize(model(PIXELS[batch].float() / 16), dim=1)
        each = loss(unit, DIGIT[batch], margin=0.2, reduction="none")
        optimizer.zero_grad()
        each.mean().backward()
        optimizer.step()
        share[step] = (each > 0).float().mean()
    return share.view(-1, EVERY).mean(dim=1)


def figure() -> Figure:
    """Draw the share of triplets with a gradient against the training step."""
    fig, ax = plt.subplots()
    middle = [EVERY * (i + 0.5) for i in range(STEPS // EVERY)]
    for i, (name, loss) in enumerate(LOSSES.items()):
        share = 100 * torch.stack([_run(loss, seed) for seed in range(SEEDS)])
        # 95 % interval: 3.18 is Student's quantile for 3 degrees of freedom
        mean, half = share.mean(0), 3.18 * share.std(0) / SEEDS**0.5
        ax.plot(middle, mean)
        ax.fill_between(middle, mean - half, mean + half, alpha=0.2, lw=0)
        ax.annotate(
            name,
            (middle[-1], mean[-1]),
            xytext=(0, -12 if name == "batch-hard" else 8),
            textcoords="offset points",
            ha="right",
            color=f"C{i}",
        )
    ax.set(ylim=(0, 102), xlabel="training step", ylabel="triplets with a gradient (%)")
    ax.set_title("Random triplets are soon satisfied")
    return fig
