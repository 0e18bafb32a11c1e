"""How often intervals of a few runs hold the true mean, where it is known."""

import math

import torch

from snippets.evidence.method.interval import interval

TRIALS = 400
T = {8: 2.365, 16: 2.131}  # Student's t, 97.5 %


def table() -> str:
    """A row for each number of runs and distribution, in percent.

    Examples:
        >>> table().splitlines()[0]
        '| runs, values | bootstrap | Student | as used here |'
    """
    generator = torch.Generator().manual_seed(0)
    lines = [
        "| runs, values | bootstrap | Student | as used here |",
        "| --- " * 4 + "|",
    ]
    for count, t in T.items():
        normal = torch.randn(TRIALS, count, generator=generator)
        skewed = torch.empty_like(normal).exponential_(generator=generator) - 1
        for kind, values in (("normal", normal), ("exponential", skewed)):
            rows = torch.randint(count, (1000, count), generator=generator)
            means = values[:, rows].mean(2)
            ends = means.quantile(torch.tensor([0.025, 0.975]), dim=1)
            half = t * values.std(1) / math.sqrt(count)
            plain = (ends[0] < 0) & (ends[1] > 0)
            student = values.mean(1).abs() < half
            used = [low < 0 < high for _, low, high in map(_short, values)]
            shares = plain.float(), student.float(), torch.tensor(used).float()
            cells = " | ".join(f"{100 * share.mean():.0f} %" for share in shares)
            lines.append(f"| {count}, {kind} | {cells} |")
    return "\n".join(lines)


def _short(values: torch.Tensor) -> tuple[float, float, float]:
    return interval(values, draws=1000)
