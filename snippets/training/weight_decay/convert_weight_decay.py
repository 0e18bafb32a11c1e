"""Convert a weight decay from one convention, and one learning rate, to another."""

import math

DIALECTS = "lr", "schedule", "l2"


def convert_weight_decay(
    value: float,
    source: str,
    target: str,
    *,
    lr: float,
    target_lr: float | None = None,
    momentum: float = 0.0,
    target_momentum: float | None = None,
) -> float:
    """Return the value that takes the same share off a weight in each step.

    Share of a step at the peak learning rate:

    - "lr": `lr * value`. AdamW and Muon of torch, Optax, BERT, Lion.
    - "schedule": `value`, times the schedule alone, which is 1 at its peak. The AdamW
      paper, big_vision.
    - "l2": `lr * value / (1 - momentum)`. SGD of torch. The L2 term of Adam has no
      such share: it depends on the gradients.

    Args:
        value: The weight decay to convert, not negative.
        source: Convention of `value`.
        target: Convention of the result.
        lr: Peak learning rate that goes with `value`.
        target_lr: Peak learning rate of the result; the same if not given.
        momentum: Momentum of SGD that goes with `value`; only "l2" reads it.
        target_momentum: Momentum of the result; the same if not given.

    Raises:
        ValueError: If a convention is unknown, or a number is out of range.

    Source: torch.optim.AdamW, torch.optim.SGD; I. Loshchilov and F. Hutter, Decoupled
    Weight Decay Regularization, 2019.

    Examples:
        A published 1e-4 that the learning rate of 1e-3 does not multiply:

        >>> round(convert_weight_decay(1e-4, "schedule", "lr", lr=1e-3), 6)
        0.1

        From AdamW to Lion, at a tenth of the learning rate:

        >>> round(convert_weight_decay(0.1, "lr", "lr", lr=1e-3, target_lr=1e-4), 6)
        1.0

        From SGD with momentum 0.9 to AdamW:

        >>> w = convert_weight_decay(
        ...     1e-4, "l2", "lr", lr=0.1, target_lr=1e-3, momentum=0.9
        ... )
        >>> round(w, 6)
        0.1
    """
    target_lr = lr if target_lr is None else target_lr
    target_momentum = momentum if target_momentum is None else target_momentum
    for name, dialect in ("source", source), ("target", target):
        if dialect not in DIALECTS:
            raise ValueError(f"{name} must be one of {DIALECTS}, got {dialect!r}")
    for name, rate in ("lr", lr), ("target_lr", target_lr):
        if not 0 < rate < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {rate}")
    for name, beta in ("momentum", momentum), ("target_momentum", target_momentum):
        if not 0 <= beta < 1:
            raise ValueError(f"{name} must be from 0 up to 1, without 1, got {beta}")
    if not 0 <= value < math.inf:
        raise ValueError(f"value must be finite and not negative, got {value}")

    def share(dialect: str, rate: float, beta: float) -> float:
        return {"lr": rate, "schedule": 1.0, "l2": rate / (1 - beta)}[dialect]

    share_of_one = share(target, target_lr, target_momentum)
    return value * share(source, lr, momentum) / share_of_one
