"""The cost of each piece that a checkpoint lacks, one at a time."""

import torch

from snippets.training.checkpoint.missing import SEEDS, _runs


def table() -> str:
    """Resume without one piece, and compare 40 steps with the run that never stopped.

    The loss is the geometric mean over the seeds of its ratio to the complete run, at
    its worst step, with a 95 % interval.

    Examples:
        >>> rows = table().splitlines()
        >>> rows[2]
        '| nothing | yes | 1 | nothing |'
    """
    runs = _runs()
    whole = torch.stack(runs["never stopped"].loss)
    true = runs["never stopped"]
    lines = [
        "| left out | same bits | worst loss | off by |",
        "| --- | --- | --- | --- |",
    ]
    for name in ("nothing", "optimizer", "scheduler", "scaler", "random", "data"):
        run = runs[name]
        gain = (torch.stack(run.loss) / whole).log()
        worst = gain[gain.mean(1).argmax()]
        half = 2.13 * worst.std() / SEEDS**0.5
        low, high = (worst.mean() - half).exp(), (worst.mean() + half).exp()
        ratio = f"× {worst.mean().exp():.2f} [{low:.2f}, {high:.2f}]"
        same = all(torch.equal(a, b) for a, b in zip(run.loss, true.loss, strict=True))
        off = {
            "nothing": "nothing",
            "optimizer": "moments and step count",
            "scheduler": f"lr × {run.lr[-1] / true.lr[-1]:.1f} after 40 steps",
            "scaler": f"{run.skipped} steps skipped",
            "random": "dropout masks",
            "data": "the first 40 batches again",
        }[name]
        same_or_ratio = "1" if same else ratio
        lines.append(
            f"| {name} | {'yes' if same else 'no'} | {same_or_ratio} | {off} |"
        )
    return "\n".join(lines)
