"""What KLDivLoss fits when it is given something else."""

import torch
from torch import Tensor
from torch.nn import functional as F

P = torch.tensor([[0.6, 0.3, 0.1]])
CALLS = {
    "`log_softmax`, p: right": lambda z: F.kl_div(z.log_softmax(1), P, reduction="sum"),
    "`softmax`, p": lambda z: F.kl_div(z.softmax(1), P, reduction="sum"),
    "logits, p": lambda z: F.kl_div(z, P, reduction="sum"),
    "log p, `softmax`: swapped": lambda z: F.kl_div(
        P.log(), z.softmax(1), reduction="sum"
    ),
    "`log_softmax`, p, `log_target=True`": lambda z: F.kl_div(
        z.log_softmax(1), P, reduction="sum", log_target=True
    ),
    "`log_softmax`, log p": lambda z: F.kl_div(
        z.log_softmax(1), P.log(), reduction="sum"
    ),
}


def _fit(loss, steps: int = 150) -> tuple[float, float, Tensor]:
    """Give the value where softmax = p, and value and softmax after training."""
    right = loss(P.log()).item()
    z = torch.zeros(1, 3, requires_grad=True)
    optimizer = torch.optim.Adam([z], lr=0.1)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(z).backward()
        optimizer.step()
    return right, loss(z).item(), z.softmax(1).detach().squeeze(0)


def table() -> str:
    """Tabulate the value at the right answer, the last value and what was learned.

    Examples:
        >>> print(table().splitlines()[3])
        | `softmax`, p | -1.36 | -1.50 | 1.0, 0.0, 0.0 |
    """
    rows = [
        "| input, target | loss if q = p | after 150 steps | q then |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, call in CALLS.items():
        right, last, q = _fit(call)
        learned = ", ".join(f"{value:.1f}" for value in q.tolist())
        values = [f"{abs(v) if abs(v) < 5e-3 else v:.2f}" for v in (right, last)]
        rows.append(f"| {name} | {' | '.join(values)} | {learned} |")
    return "\n".join(rows)
