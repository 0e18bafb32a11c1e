"""The numbers of one optimizer step that are worth a plot, read at once."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn


def training_signals(model: nn.Module, step: Callable[[], object]) -> dict[str, float]:
    """Take one optimizer step and measure it.

    The gradients are read before the step, and all numbers reach the CPU together, in
    one transfer. The call keeps a copy of the parameters while it runs.

    Args:
        model: After `backward()`, with gradients that are unscaled and not clipped.
            Parameters with `requires_grad=False` are left out.
        step: Moves the parameters, as `optimizer.step` does. To clip as well, hand over
            a function that clips and then steps.

    Returns:
        `grad_norm`: L2 norm of all gradients. `weight_norm`: of all parameters, before
        the step. `update_ratio`: norm of the change over `weight_norm`, whatever made
        it (rate, momentum, decay, clipping). `zero_grads`: share of gradient entries
        that are exactly 0. `nonfinite_grads`: count of NaN and infinite ones.
        `without_grad`: count of parameters whose gradient is `None`.

    Raises:
        ValueError: If no parameter has a gradient.

    Source: `torch.nn.utils.get_total_norm`; for the update ratio, the notes of CS231n
    of Stanford, https://cs231n.github.io/neural-networks-3/#ratio.

    Examples:
        >>> model = nn.Linear(2, 1, bias=False)
        >>> _ = nn.init.ones_(model.weight)
        >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> model(torch.tensor([[3.0, 4.0]])).sum().backward()
        >>> out = training_signals(model, sgd.step)
        >>> round(out["grad_norm"], 4), round(out["weight_norm"], 4)
        (5.0, 1.4142)

        Plain SGD's ratio is rate times gradient norm over weight norm:

        >>> round(out["update_ratio"] * out["weight_norm"] / out["grad_norm"], 4)
        0.1
        >>> out["zero_grads"], out["nonfinite_grads"], out["without_grad"]
        (0.0, 0.0, 0.0)
    """
    params = [p for p in model.parameters() if p.requires_grad]
    grads = [p.grad for p in params if p.grad is not None]
    if not grads:
        raise ValueError("model has no gradient: call this between backward and step")

    def norm(tensors: list[Tensor]) -> Tensor:
        return nn.utils.get_total_norm([t.detach() for t in tensors])

    def count(test: Callable[[Tensor], Tensor]) -> Tensor:
        return torch.stack([test(g).sum() for g in grads]).sum()

    with torch.no_grad():
        before = [p.detach().clone() for p in params]
        measured = [
            norm(grads),
            norm(before),
            count(lambda g: g == 0),
            count(lambda g: ~g.isfinite()),
        ]
    step()
    with torch.no_grad():
        change = [p - old for p, old in zip(params, before, strict=True)]
        measured.append(norm(change))
        values = torch.stack([m.double() for m in measured]).tolist()
    grad, weight, zeros, nonfinite, moved = values
    return {
        "grad_norm": grad,
        "weight_norm": weight,
        "update_ratio": moved / weight if weight else math.inf,
        "zero_grads": zeros / sum(g.numel() for g in grads),
        "nonfinite_grads": nonfinite,
        "without_grad": float(len(params) - len(grads)),
    }
