"""One strength of weight decay, as each convention writes it."""

import math

from snippets.training.weight_decay.convert_weight_decay import convert_weight_decay

LR, VALUE, STEPS = 1e-3, 0.1, 10_000
ROWS = {
    "lr × λ: AdamW, Optax, BERT": {"target": "lr"},
    "schedule × λ: the paper, big_vision": {"target": "schedule"},
    "lr × λ, Lion at lr / 10": {"target": "lr", "target_lr": LR / 10},
    "L2: SGD, no momentum": {"target": "l2"},
    "L2: SGD, momentum 0.9": {"target": "l2", "target_momentum": 0.9},
}


def table() -> str:
    """Convert AdamW's 0.1 at a learning rate of 1e-3 to the others.

    Examples:
        >>> [row.split("|")[2].strip() for row in table().splitlines()[2:7]]
        ['0.1', '0.0001', '1', '0.1', '0.01']
    """
    lines = ["| convention | value |", "| --- | --- |"]
    for name, target in ROWS.items():
        value = convert_weight_decay(VALUE, "lr", **target, lr=LR)
        lines.append(f"| {name} | {value:.3g} |")
    share = convert_weight_decay(VALUE, "lr", "schedule", lr=LR)
    half_life = math.log(0.5) / math.log1p(-share)
    lines += [
        f"| one step takes off | {share:.3g} |",
        f"| half-life in steps | {half_life:.0f} |",
        f"| left after all steps | {(1 - share) ** STEPS:.3g} |",
    ]
    return "\n".join(lines)
