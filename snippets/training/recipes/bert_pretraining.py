"""BERT from scratch: AdamW, warm-up and linear decay."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def bert_pretraining(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build BERT's pretraining; LayerNorm and biases, its vectors, do not decay.

    The lr is the paper's, by the README; batch and length are the script's defaults.
    Theirs has no bias correction, which `AdamW` cannot turn off.

    Length: 100000 steps. Batch: 32 sequences. Clip: norm 1.0. Confidence: A.

    Args:
        model: A transformer encoder.
        total_steps: Steps until the lr is 0. The line starts at step 0, so the lr falls
            by `10_000 / total_steps` where the warm-up ends.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: google-research/bert, commit eedf5716ce1268e56f0a50264a88cafad334ac61,
    optimization.py, run_pretraining.py, README.md.

    Examples:
        >>> optimizer, scheduler = bert_pretraining(nn.Linear(3, 2), 100_000)
        >>> [scheduler.lr_lambdas[0](t) for t in (0, 9_999, 10_000, 100_000)]
        [0.0, 0.9999, 0.9, 0.0]
    """
    if total_steps <= 10_000:
        raise ValueError(f"total_steps must exceed 10000, got {total_steps}")
    groups = [
        {"params": [p for p in model.parameters() if p.ndim >= 2]},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = AdamW(groups, lr=1e-4, betas=(0.9, 0.999), eps=1e-6, weight_decay=0.01)

    def schedule(step: int) -> float:
        return step / 10_000 if step < 10_000 else max(0.0, 1 - step / total_steps)

    return optimizer, LambdaLR(optimizer, schedule)
