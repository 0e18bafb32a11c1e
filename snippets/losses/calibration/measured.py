"""Label smoothing and temperature scaling, crossed, on two sizes of training set."""

import math

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F

from snippets.losses.calibration.expected_calibration_error import (
    expected_calibration_error,
)
from snippets.losses.calibration.fit_temperature import fit_temperature

EPSILON = (0.0, 0.05, 0.1, 0.2)
SEEDS, FEATURES, CLASSES, HIDDEN = 8, 10, 4, 32
SIZES = {100: 150, 500: 100}  # training samples: steps of Adam


def _data(
    samples: int, generator: torch.Generator, seeds: int
) -> tuple[Tensor, Tensor]:
    # Gaussian classes that overlap: the best classifier is right 82 % of the time
    target = torch.randint(CLASSES, (seeds, samples), generator=generator)
    noise = torch.randn(seeds, samples, FEATURES, generator=generator)
    return 2 * F.one_hot(target, FEATURES) + noise, target


def _train(samples: int, steps: int, epsilons=EPSILON, seeds=SEEDS, held_out=1000):
    """Train all networks at once; give logits and targets of train, held-out and test.

    Last come the logits of the true probabilities of the test samples.
    """
    generator = torch.Generator().manual_seed(0)
    splits = [_data(n, generator, seeds) for n in (samples, 500, held_out)]
    copies = len(epsilons)
    parameters = []
    for fan_in, fan_out in (FEATURES, HIDDEN), (HIDDEN, CLASSES):
        weight = torch.randn(seeds, fan_in, fan_out, generator=generator)
        parameters.append((weight * math.sqrt(2 / fan_in)).repeat(copies, 1, 1))
        parameters.append(torch.zeros(copies * seeds, 1, fan_out))
    w1, b1, w2, b2 = (parameter.requires_grad_() for parameter in parameters)

    def network(x: Tensor) -> Tensor:
        hidden = torch.baddbmm(b1, x.repeat(copies, 1, 1), w1).relu()
        return torch.baddbmm(b2, hidden, w2)

    x, target = splits[0]
    epsilon = torch.tensor(epsilons).repeat_interleave(seeds)[:, None, None]
    soft = F.one_hot(target, CLASSES).repeat(copies, 1, 1)
    soft = (1 - epsilon) * soft + epsilon / CLASSES
    optimizer = torch.optim.Adam(parameters, lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        loss = -(soft * network(x).log_softmax(2)).sum(2).mean(1)
        loss.sum().backward()
        optimizer.step()
    with torch.no_grad():
        logits = [network(x).view(copies, seeds, -1, CLASSES) for x, _ in splits]
    return logits, [target for _, target in splits], 2 * splits[2][0][..., :CLASSES]


def _scores(logits: Tensor, target: Tensor) -> list[Tensor]:
    return [
        expected_calibration_error(logits.softmax(1), target),
        F.cross_entropy(logits, target),
        (logits.argmax(1) == target).float().mean(),
    ]


def _measure(samples: int) -> tuple[Tensor, Tensor]:
    """Test ECE, NLL, accuracy of raw and scaled logits; the same of the true ones."""
    logits, targets, ideal = _train(samples, SIZES[samples])
    result = torch.empty(len(EPSILON), SEEDS, 6)
    for i in range(len(EPSILON)):
        for j, target in enumerate(targets[2]):
            raw = logits[2][i, j]
            scaled = raw / fit_temperature(logits[1][i, j], targets[1][j])
            result[i, j] = torch.tensor(_scores(raw, target) + _scores(scaled, target))
    best = [_scores(z, y) for z, y in zip(ideal, targets[2], strict=True)]
    return result, torch.tensor(best)


def figure() -> Figure:
    """Draw ECE, NLL and accuracy against epsilon, raw and after temperature."""
    fig, axes = plt.subplots(3, 2, sharex=True, sharey="row", figsize=(5.5, 5.8))
    for column, samples in zip(axes.T, SIZES, strict=True):
        measured, best = _measure(samples)
        # 95 % interval: 2.36 is Student's quantile for 7 degrees of freedom
        mean, half = measured.mean(1), 2.36 * measured.std(1) / SEEDS**0.5
        for row, ax in enumerate(column):
            ax.axhline(
                best[:, row].mean(), color="C5", ls=":", label="true probabilities"
            )
            for k, style, name in (0, "C1o--", "as trained"), (3, "C0o-", "with T"):
                if row == 2 and k == 3:
                    continue  # a temperature does not move the predictions
                m, h = mean[:, row + k], half[:, row + k]
                ax.plot(EPSILON, m, style, label=name)
                ax.fill_between(EPSILON, m - h, m + h, color=style[:2], alpha=0.2, lw=0)
        column[0].set_title(f"{samples} training samples", fontweight="normal")
        column[2].set(xlabel="smoothing epsilon", xticks=EPSILON)
    for ax, name in zip(axes[:, 0], ("ECE", "NLL (nats)", "accuracy"), strict=True):
        ax.set_ylabel(name)
    axes[0, 0].set_ylim(0, None)
    axes[0, 1].legend(loc="upper left")
    title = "A temperature calibrates at every epsilon; no epsilon at both sizes"
    fig.suptitle(title, x=0.01, ha="left", fontsize=10, fontweight="bold")
    return fig
