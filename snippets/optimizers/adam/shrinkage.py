"""What weight decay leaves of a weight of 1, by the scale of its gradients."""

import torch

SCALES = 1e-3, 1.0, 1e3


def table() -> str:
    """Take 1000 steps on zero-mean gradients of three scales; return the mean weight.

    Learning rate 1e-3, weight decay 1e-2; 1000 weights for each scale start at 1.

    Examples:
        >>> rows = [row.split("|")[2:5] for row in table().splitlines()[2:]]
        >>> [len(set(row)) for row in rows]
        [3, 1]
    """
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor(SCALES)[:, None]
    grads = torch.randn(1000, 3, 1000, generator=generator)
    lines = ["| gradient of size | 0.001 | 1 | 1000 |", "| --- | --- | --- | --- |"]
    for name in "Adam", "AdamW":
        weight = torch.ones(3, 1000)
        optimizer = getattr(torch.optim, name)([weight], lr=1e-3, weight_decay=1e-2)
        for grad in grads:
            weight.grad = scale * grad
            optimizer.step()
        cells = " | ".join(f"{w:.2f}" for w in weight.mean(1))
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)
