"""What 16 trials find, as a grid, at random and from Sobol, in 20 searches each."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.quasirandom import SobolEngine

from snippets.training.search.trials import trials

SEARCHES, SIDE = 20, 2


def _found() -> dict[str, Tensor]:
    """Test accuracy of the trial that validation picks, by search."""
    count = SIDE**4
    generator = torch.Generator().manual_seed(0)
    cells = torch.cartesian_prod(*[torch.arange(SIDE)] * 4)
    shift = torch.rand(SEARCHES, 1, 4, generator=generator)
    kinds = {
        "grid at a\nrandom place": (cells + shift) / SIDE,
        "grid in\nthe middle": ((cells + 0.5) / SIDE).expand(SEARCHES, -1, -1),
        "random": torch.rand(SEARCHES, count, 4, generator=generator),
        "Sobol": torch.stack(
            [SobolEngine(4, True, seed).draw(count) for seed in range(SEARCHES)]
        ),
    }
    found = {}
    for seed, (name, units) in enumerate(kinds.items()):
        scores = trials(units.flatten(0, 1), seed=seed)
        validation, test = (v.view(SEARCHES, count) for v in scores)
        found[name] = test.gather(1, validation.argmax(1, keepdim=True))[:, 0]
    return found


def figure() -> Figure:
    """Draw every search as a dot, and the means."""
    fig, ax = plt.subplots()
    found = _found()
    for i, score in enumerate(found.values()):
        spread = torch.linspace(-0.2, 0.2, SEARCHES)
        ax.plot(i + spread, 100 * score, "os^D"[i], ms=4, color=f"C{i}")
        mean = 100 * score.mean()
        ax.hlines(mean, i - 0.3, i + 0.3, color=f"C{i}")
        ax.text(i + 0.33, mean, f"{mean:.0f}", color=f"C{i}", va="center")
    ax.set_xticks(range(4), found)
    ax.set(ylabel="test accuracy of the pick, %", xlim=(-0.5, 3.6))
    ax.set_title("16 trials for four settings: a grid can miss")
    return fig
