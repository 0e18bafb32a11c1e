"""How far off a fitted extreme quantile is, by level and sample size."""

import math

import torch


def _covered(level: float, n: int, samples: int = 1000) -> torch.Tensor:
    """Share of fresh uniform targets below the best constant of each sample.

    Examples:
        >>> from snippets.losses.quantile.multi_quantile_loss import multi_quantile_loss
        >>> targets = torch.tensor([0.1, 0.3, 0.5, 0.6, 0.7, 0.9])
        >>> cost = [
        ...     multi_quantile_loss(c.expand(6, 1), targets, [0.7]) for c in targets
        ... ]
        >>> torch.stack(cost).argmin() + 1 == math.ceil(0.7 * 6)  # as in the code
        tensor(True)
    """
    generator = torch.Generator().manual_seed(0)
    targets = torch.rand(samples, n, generator=generator)
    # the pinball minimiser is an order statistic; uniform, its level is its value
    return targets.kthvalue(math.ceil(round(level * n, 9)), dim=1).values


def table() -> str:
    """Tabulate the middle 90 % of the true level of a fitted constant.

    Examples:
        >>> table().splitlines()[4]
        '| 0.99 | 0.954 to 0.997 | 0.983 to 0.994 |'
    """
    rows = ["| level | true level at n = 100 | at n = 1000 |"]
    rows.append("| ---: | --- | --- |")
    for level in (0.5, 0.9, 0.99, 0.999):
        cells = [f"{level:g}"]
        for n in 100, 1000:
            middle = _covered(level, n).quantile(torch.tensor([0.05, 0.95]))
            cells.append("{:.3f} to {:.3f}".format(*middle.tolist()))
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)
