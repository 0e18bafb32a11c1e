"""A loss at its margin: a plateau that is left, and a collapse that is not."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn import functional as F

from snippets.losses.contrastive.embedding_spread import embedding_spread
from snippets.losses.similarity.batch_hard_triplet_loss import batch_hard_triplet_loss
from snippets.losses.similarity.semi_hard_triplet_loss import semi_hard_triplet_loss

SEEDS, STEPS, EVERY, MARGIN = 2, 144, 16, 0.2
PIXELS, DIGIT = (torch.tensor(array) for array in load_digits(return_X_y=True))
RUNS = {
    "semi-hard, lr 0.01": (semi_hard_triplet_loss, 0.01),
    "batch-hard, lr 0.01": (batch_hard_triplet_loss, 0.01),
    "batch-hard, lr 1": (batch_hard_triplet_loss, 1.0),
}


def _run(loss, lr: float, seed: int) -> Tensor:
    """Train on digits; give loss / margin and spread, means of 16 steps."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 16))
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    path = torch.zeros(2, STEPS)
    for step in range(STEPS):
        batch = torch.randint(len(DIGIT), (40,))
        unit = F.normalize(model(PIXELS[batch].float() / 16), dim=1)
        value = loss(unit, DIGIT[batch], margin=MARGIN)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        path[0, step] = value.detach() / MARGIN
        if step % EVERY == 0:
            path[1, step : step + EVERY] = embedding_spread(unit)["spread"]
    return path.view(2, -1, EVERY).mean(dim=2)


def figure() -> Figure:
    """Draw the loss in margins and the spread of the embeddings against the step."""
    fig, axes = plt.subplots(2, sharex=True, figsize=(5.5, 5.0))
    middle = torch.arange(STEPS // EVERY) * EVERY + EVERY / 2
    for i, (name, (loss, lr)) in enumerate(RUNS.items()):
        paths = torch.stack([_run(loss, lr, seed) for seed in range(SEEDS)])
        for ax, rows in zip(axes, paths.unbind(1), strict=True):
            ax.plot(middle, rows.T, color=f"C{i}", ls=("-", "--", ":")[i])
            ax.plot([], [], color=f"C{i}", ls=("-", "--", ":")[i], label=name)
    axes[0].set(ylabel="loss / margin", ylim=(0, None))
    axes[1].set(ylabel="spread", ylim=(0, 1.05), xlabel="training step")
    axes[1].legend()
    axes[0].set_title("A loss at the margin may yet leave it: watch the spread")
    return fig
