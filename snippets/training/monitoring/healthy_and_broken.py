"""What each signal shows in a healthy run and in five broken ones."""

import functools

import torch

from snippets.training.monitoring.runs import runs

SGD = functools.partial(torch.optim.SGD, momentum=0.9)


def _row(name: str, out: dict[str, torch.Tensor], rate: int) -> str:
    """Medians over seeds and over the first and the last ten steps."""
    cells = []
    for signal in ("loss", "grad_norm", "update_ratio", "zero_grads"):
        values = out[signal][:, rate]
        ends = [values[:10], values[-10:]]
        if signal == "zero_grads":
            cells.append(f"{ends[1].median().item():.0%}".replace("%", " %"))
        else:
            rounded = [float(f"{end.median().item():.1g}") for end in ends]
            cells.append(" → ".join(f"{value:g}" for value in rounded))
    return f"| {name} | " + " | ".join(cells) + " |"


def table() -> str:
    """Five runs of Adam and five of SGD with momentum; start and end of 100 steps."""
    lines = [
        "| run | loss | gradient norm | update ratio | zeros |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, optimizer, rate in (("Adam", torch.optim.Adam, 0.01), ("SGD", SGD, 0.03)):
        swept = runs([rate, rate / 100, rate * 100], optimizer)
        for i, label in enumerate((f"**{name}, healthy**", "lr / 100", "lr × 100")):
            lines.append(_row(label, swept, i))
        for fault in ("no zero_grad", "dead", "large init"):
            label = {"dead": "dead ReLU", "large init": "weights × 10"}.get(
                fault, fault
            )
            lines.append(_row(label, runs([rate], optimizer, fault), 0))
    return "\n".join(lines)
