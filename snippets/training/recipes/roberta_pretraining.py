"""RoBERTa from scratch: beta2 0.98, and everything decays."""

from torch import nn
from torch.optim import AdamW
from torch.optim.lr_scheduler import LambdaLR


def roberta_pretraining(model: nn.Module, total_steps: int) -> tuple[AdamW, LambdaLR]:
    """Build RoBERTa base; fairseq's `adam` is decoupled, so `AdamW` here.

    Length: 125000 steps. Batch: 2048 sequences. Clip: none. Confidence: A.

    Args:
        model: A transformer encoder; norms, biases and embeddings decay too.
        total_steps: Steps until the lr is 0, the 10,000 of the warm-up included.

    Returns:
        The optimizer, and the scheduler, to be stepped once a step.

    Raises:
        ValueError: If `total_steps` is not more than the warm-up.

    Source: facebookresearch/fairseq, commit 3d262bb25690e4eb2e7d3c1309b1e9c406ca4b99,
    examples/roberta/config/pretraining/base.yaml, fairseq/optim/adam.py.

    Examples:
        >>> optimizer, scheduler = roberta_pretraining(nn.Linear(3, 2), 125_000)
        >>> [scheduler.lr_lambdas[0](t) for t in (0, 10_000, 67_500, 125_000)]
        [0.0, 1.0, 0.5, 0.0]
    """
    if total_steps <= 10_000:
        raise ValueError(f"total_steps must exceed 10000, got {total_steps}")
    optimizer = AdamW(
        model.parameters(), lr=5e-4, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01
    )

    def schedule(step: int) -> float:
        if step <= 10_000:
            return step / 10_000
        return max(0.0, 1 - (step - 10_000) / (total_steps - 10_000))

    return optimizer, LambdaLR(optimizer, schedule)
