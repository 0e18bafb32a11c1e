"""Size and arithmetic of AdaptiveLogSoftmaxWithLoss against one linear layer."""

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

CLASSES, FEATURES, BATCH = 20_000, 64, 256
CUTOFFS = ([2000], [1000, 5000], [500, 2000, 8000])


def table() -> str:
    """Tabulate parameters and forward multiplications for Zipf-distributed classes.

    Examples:
        >>> table().splitlines()[3]
        '| `[1000, 5000]` | 15 % | 6 % | 10 % | 16, 4 |'
    """
    rows = [
        "| cutoffs | size | sorted | reversed | widths |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    generator = torch.Generator().manual_seed(0)
    frequency = 1 / torch.arange(1, CLASSES + 1)
    target = torch.multinomial(frequency, BATCH, True, generator=generator)
    hidden = torch.randn(BATCH, FEATURES, generator=generator)
    full = CLASSES * FEATURES  # parameters of the one layer, multiplications a sample
    for cutoffs in CUTOFFS:
        with torch.random.fork_rng():
            adaptive = nn.AdaptiveLogSoftmaxWithLoss(FEATURES, CLASSES, cutoffs)
        size = sum(p.numel() for p in adaptive.parameters())
        cells = [f"`{cutoffs}`", f"{size / full:.0%}"]
        for labels in target, CLASSES - 1 - target:
            with FlopCounterMode(display=False) as counter, torch.no_grad():
                adaptive(hidden, labels)
            cells.append(f"{counter.get_total_flops() / (2 * BATCH * full):.0%}")
        cells.append(", ".join(str(tail[0].out_features) for tail in adaptive.tail))
        rows.append(f"| {' | '.join(cells)} |".replace("%", " %"))
    return "\n".join(rows)
