"""Which operations let a gradient through, measured by calling backward."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def table() -> str:
    """Use each operation as a loss on the same logits and see what backward does.

    Examples:
        >>> [row.strip("| ").split(" | ")[2] for row in table().splitlines()[4:7]]
        ['error: no `grad_fn`', 'gradient exactly 0', 'error: no `grad_fn`']
    """
    torch.manual_seed(0)
    start, target = torch.randn(8, 3), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])

    def share_right(logits: Tensor) -> Tensor:
        return (logits.argmax(dim=1) == target).float().mean()

    cases: dict[str, Callable[[Tensor], Tensor]] = {
        "`F.cross_entropy(z, y)`": lambda z: F.cross_entropy(z, target),
        "largest logit, `z.amax(1).mean()`": lambda z: z.amax(dim=1).mean(),
        "accuracy, `(z.argmax(1) == y).float()`": share_right,
        "`z.sigmoid().round()`": lambda z: z.sigmoid().round().mean(),
        "comparison, `(z > 0).float()`": lambda z: (z > 0).float().mean(),
        "`z.sign()`": lambda z: z.sign().mean(),
        "`torch.tensor(loss.item())`": lambda z: torch.tensor(z.square().mean().item()),
        "`z.detach()`": lambda z: z.detach().square().mean(),
        "`z.int()`": lambda z: z.int().float().mean(),
    }
    lines = ["| loss | value | `backward()` |", "| --- | --- | --- |"]
    for name, loss_of in cases.items():
        logits = start.clone().requires_grad_()
        loss = loss_of(logits)
        if loss.requires_grad:
            loss.backward()
            largest = logits.grad.abs().max().item()
            effect = (
                f"gradient up to {largest:.2f}" if largest else "gradient exactly 0"
            )
        else:
            effect = "error: no `grad_fn`"
        lines.append(f"| {name} | {loss.item():.2f} | {effect} |")
    return "\n".join(lines)
